"""The pages in Chromium: charts, tables, layout, colours, names, and no JavaScript."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import page_world
import pytest
from chromium import ChromiumError, find_chromium
from page_browser import CONTRAST, DOUBLE_IDS, NAMELESS, OUTSIDE, OVERLAPS, opened
from page_sites import Source, make, serve
from page_world import HOSTILE, World
from playwright.sync_api import Browser, Locator, Page, sync_playwright

SCREENSHOTS = Path(__file__).parents[2] / ".build/screenshots"
WIDTHS = (320, 360, 768, 1280)
SCHEMES = ("light", "dark")
WORLD = World(shift=0.25)
LEAST_PAYERS = 5
"""Shares of fewer are not drawn where payers come back."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Without an installed one these tests are left out, but not by CI."""
    try:
        program = find_chromium()
    except ChromiumError as error:
        if "CI" in os.environ:
            raise
        pytest.skip(str(error))
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    return make(tmp_path_factory.mktemp("pages"), WORLD)


@pytest.fixture(scope="module")
def url(source: Source) -> Iterator[str]:
    with serve(source) as url:
        yield url


@pytest.fixture(scope="module")
def empty_urls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Deployments that have little to show."""
    worlds = {
        "nothing": World(weeks=1, payers=0, compromised=False),
        "one-week": World(weeks=1, payers=6, compromised=False),
        "signed-only": World(weeks=9, payers=40, tiers=(1,), development=False, compromised=False),
    }
    served = [serve(make(tmp_path_factory.mktemp(name), world)) for name, world in worlds.items()]
    urls = {name: one.__enter__() for name, one in zip(worlds, served, strict=True)}
    yield urls
    for one in served:
        one.__exit__(None, None, None)


def paths(source: Source) -> dict[str, str]:
    """One page of each kind."""
    (line, *_) = source.lookups.party("payer", page_world.party("payer", 3)).latest  # type: ignore[arg-type, union-attr]
    return {
        "overview": "/",
        "methods": "/methods",
        "models": "/models",
        "payers": "/payers",
        "model": f"/models/{page_world.model_id(1)}",
        "prover": f"/provers/{page_world.party('prover', 0)}",
        "payer": f"/payers/{page_world.party('payer', 3)}",
        "receipt": f"/inferences/{line.block}-{line.log_index}",
        "problem": "/receipts/0x00",
    }


def marks(of: Page | Locator) -> list[list[str | None]]:
    """Tier and text of everything that charts show."""
    found: list[list[str | None]] = of.locator(".mark").evaluate_all(
        "all => all.map(e => [e.dataset.tier ?? null, e.dataset.text])"
    )
    return found


def check_layout(page: Page, width: int) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(OVERLAPS) == []
    assert page.evaluate(OUTSIDE) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_overlaps_or_sticks_out(browser: Browser, url: str, source: Source, width: int) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for name, path in paths(source).items():
        with opened(browser, url + path, width) as watch:
            if width in (360, 1280):
                watch.page.screenshot(path=SCREENSHOTS / f"{name}-{width}.png", full_page=True)
            check_layout(watch.page, width)


def test_open_tables_stay_in_the_window(browser: Browser, url: str) -> None:
    with opened(browser, url, 360) as watch:
        watch.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        check_layout(watch.page, 360)


@pytest.mark.parametrize(("decimals", "amount_e20"), [(0, 0), (None, 0), (18, 0), (None, 700_000_000)])
def test_amounts_of_every_token_fit(
    browser: Browser, tmp_path: Path, decimals: int | None, amount_e20: int
) -> None:
    source = make(tmp_path, World(weeks=9, payers=60, decimals=decimals, amount_e20=amount_e20))
    with serve(source) as url:
        for path in paths(source).values():
            with opened(browser, url + path, min(WIDTHS)) as watch:
                check_layout(watch.page, min(WIDTHS))
        with opened(browser, url) as watch:
            unit = "base units" if decimals is None else "tokens"
            assert f"{unit}." in watch.page.locator("#ways figcaption").inner_text()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_texts_can_be_read_in_light_and_dark(browser: Browser, url: str, source: Source, scheme: str) -> None:
    backgrounds = set()
    for name, path in paths(source).items():
        with opened(browser, url + path, color_scheme=scheme) as watch:
            watch.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            assert watch.page.evaluate(CONTRAST) == []
            backgrounds.add(watch.page.evaluate("getComputedStyle(document.body).backgroundColor"))
            if scheme == "dark" and name in ("overview", "model"):
                watch.page.screenshot(path=SCREENSHOTS / f"{name}-dark.png", full_page=True)
    (background,) = backgrounds
    assert (sum(map(int, re.findall(r"\d+", background))) > 384) == (scheme == "light")


def test_nothing_comes_from_elsewhere_and_nothing_is_complained_about(
    browser: Browser, url: str, source: Source
) -> None:
    for name, path in paths(source).items():
        with opened(browser, url + path) as watch:
            expected = 404 if name == "problem" else 200
            assert {u: s for u, s in watch.statuses.items() if s != 200} == (
                {url + path: 404} if name == "problem" else {}
            )
            assert watch.statuses[url + path] == expected
            assert [u for u in watch.requests if not u.startswith(url + "/")] == []
            assert [m for m in watch.messages if name != "problem" or "404" not in m] == []
            assert watch.page.locator("script, [style], [onclick]").count() == 0


def test_marks_are_the_same_without_javascript(browser: Browser, url: str, source: Source) -> None:
    for path in paths(source).values():
        shown = []
        for allowed in (True, False):
            with opened(browser, url + path, java_script_enabled=allowed) as watch:
                shown.append((marks(watch.page), watch.page.locator("main").inner_text()))
        assert shown[0] == shown[1]
    with opened(browser, url, java_script_enabled=False) as watch:
        watch.page.locator("select[name=rows]").select_option("strict")
        watch.page.locator("select[name=weeks]").select_option("1")
        watch.page.get_by_role("button", name="Show").click()
        assert watch.page.url == f"{url}/?weeks=1&rows=strict"
        assert "10\N{NO-BREAK SPACE}Nov to 16" in watch.page.locator("#share .answer").inner_text()


def test_chart_of_weeks_is_its_table(browser: Browser, url: str) -> None:
    with opened(browser, url) as watch:
        figure = watch.page.locator("figure#weeks")
        shapes = figure.locator("rect.mark")
        drawn = [
            (box["tier"], box["text"], box["height"])
            for box in shapes.evaluate_all(
                "all => all.map(e => ({tier: e.dataset.tier, text: e.dataset.text,"
                " height: Number(e.getAttribute('height'))}))"
            )
        ]
        for tier in ("signed", "tee", "zkml"):
            assert len([one for one in drawn if one[0] == tier]) == WORLD.weeks
        heads = figure.locator("thead th").all_text_contents()
        rows = [row.locator("th, td").all_text_contents() for row in figure.locator("tbody tr").all()]
        stated = [(row[heads.index("tier")].strip().lower(), row[heads.index("share")]) for row in rows]
        assert stated == [(tier, text) for tier, text, _ in drawn]
        whole = sum(height for *_, height in drawn) / WORLD.weeks
        for _, text, height in drawn:
            assert height / whole == pytest.approx(float(text.split("\N{NO-BREAK SPACE}")[0]) / 100, abs=6e-4)


def test_chart_of_those_who_come_back_adds_up_their_cohorts(browser: Browser, url: str) -> None:
    sums: dict[tuple[str, int], list[int]] = {}
    with opened(browser, f"{url}/?weeks=8") as watch:
        for row in watch.page.locator("figure#cohorts tbody tr").all():
            _, tier, later, payers, active, _, same, _ = row.locator("th, td").all_text_contents()
            of = sums.setdefault((tier.strip().lower(), int(later)), [0, 0, 0])
            of[:] = [one + int(more) for one, more in zip(of, (payers, active, same), strict=True)]
        drawn = watch.page.locator("figure#retention rect.mark").evaluate_all(
            "all => all.map(e => ({tier: e.dataset.tier, later: Number(e.dataset.later),"
            " value: Number(e.dataset.value), ...e.getBoundingClientRect().toJSON()}))"
        )
    expected = {of: numbers for of, numbers in sums.items() if of[1] and numbers[0] >= LEAST_PAYERS}
    assert len(expected) > 30
    columns: dict[tuple[str, int], list[dict[str, float]]] = {}
    for one in drawn:
        columns.setdefault((one["tier"], one["later"]), []).append(one)
    assert columns.keys() == expected.keys()
    scales = []
    for of, (payers, active, same) in expected.items():
        whole, solid = columns[of]
        assert (whole["value"], solid["value"]) == pytest.approx((active / payers, same / payers), abs=1e-5)
        assert (whole["left"], whole["bottom"]) == pytest.approx((solid["left"], solid["bottom"]), abs=0.01)
        scales += [one["height"] / one["value"] for one in (whole, solid) if one["value"]]
    assert max(scales) == pytest.approx(min(scales), rel=1e-3)
    edges = sorted((whole["left"], whole["right"]) for whole, _ in columns.values())
    assert all(before[1] < after[0] for before, after in pairwise(edges))


@pytest.mark.parametrize("weeks", [1, 4, 8])
def test_chart_of_those_who_come_back_fits_short_and_long_windows(
    browser: Browser, url: str, weeks: int
) -> None:
    with opened(browser, f"{url}/?weeks={weeks}", min(WIDTHS)) as watch:
        check_layout(watch.page, min(WIDTHS))
        figure = watch.page.locator("figure#retention")
        rows = [row.locator("th, td").all_text_contents() for row in figure.locator("tbody tr").all()]
        last = max((int(row[1]) for row in rows if int(row[2]) >= LEAST_PAYERS), default=0)
        named = figure.locator("svg[role=img] text").all_text_contents()
        assert named == ([*map(str, range(1, last + 1)), "weeks later"] if last else [])
        seen = [text for text in figure.locator("svg[role=img] text").all() if text.is_visible()]
        assert len(seen) <= 9, "too many weeks are named on a phone"
        assert (last > 0) == (weeks > 1) == ("Solid" in figure.locator("figcaption").inner_text())


def test_what_charts_show_stands_in_their_tables(browser: Browser, url: str, source: Source) -> None:
    for path in ("/", "/models", "/provers", "/payers"):
        with opened(browser, url + path) as watch:
            for figure in watch.page.locator("figure:has(.mark)").all():
                name = figure.get_attribute("id")
                table = " ".join(figure.locator("table").all_text_contents())
                texts = {text for _, text in marks(figure) if text}
                assert texts, name
                if name in (
                    "weeks",
                    "strong-weeks",
                    "ways",
                    "strong",
                    "why",
                    "flow",
                    "latency",
                    "classes",
                    "retention",
                ):
                    missing = {text for text in texts if plain(text) not in plain(table)}
                    assert missing == set(), name


def plain(text: str) -> str:
    """Without signs and units that a table leaves out."""
    return text.replace("\N{NO-BREAK SPACE}points", "").lstrip("+")


def test_every_tier_has_a_colour_and_a_pattern(browser: Browser, url: str) -> None:
    with opened(browser, url) as watch:
        fills = {
            tier: watch.page.locator(f"#weeks rect[data-tier={tier}]").first.evaluate(
                "e => getComputedStyle(e).fill"
            )
            for tier in ("signed", "tee", "zkml")
        }
        assert len(set(fills.values())) == 3
        assert "pattern-tee" in fills["tee"]
        assert "pattern-zkml" in fills["zkml"]
        assert watch.page.locator("#weeks .legend li").count() == 3


def test_verdict_is_said_in_words(browser: Browser, url: str, source: Source) -> None:
    assert source.analysis is not None
    with opened(browser, url) as watch:
        shown = [v.get_attribute("data-verdict") for v in watch.page.locator(".verdict").all()]
        assert shown == [source.analysis.verdict(rows).word for rows in (1, 0)]
        assert shown[0] == "growing"
        assert "Growing" in watch.page.locator(".headline").inner_text()
        assert not set("↑↓↗↘▲▼→←⬆⬇") & set(watch.page.locator("body").inner_text())


def test_name_with_markup_is_shown_as_text(browser: Browser, url: str) -> None:
    for path in ("/models", f"/models/{page_world.model_id(1)}"):
        with opened(browser, url + path) as watch:
            assert watch.page.get_by_text(HOSTILE).count() > 0
            assert watch.page.locator("script").count() == 0
            assert watch.messages == []


def test_screen_readers_and_keyboards(browser: Browser, url: str, source: Source) -> None:
    for path in paths(source).values():
        with opened(browser, url + path) as watch:
            page = watch.page
            assert page.evaluate(NAMELESS) == []
            assert page.evaluate(DOUBLE_IDS) == []
            for landmark in ("banner", "main", "contentinfo"):
                assert page.get_by_role(landmark).count() == 1, landmark
            levels = page.locator("h1, h2, h3").evaluate_all("all => all.map(e => Number(e.tagName[1]))")
            assert levels[0] == 1
            assert levels.count(1) == 1
            assert all(after - before <= 1 for before, after in pairwise(levels))
            assert page.locator("html").get_attribute("lang") == "en"
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
            page.keyboard.press("Enter")
            assert page.evaluate("document.activeElement.id") == "main"


def test_links_lead_somewhere(browser: Browser, url: str) -> None:
    with opened(browser, url) as watch:
        here = watch.page.locator("a").evaluate_all("all => all.map(e => e.getAttribute('href'))")
        ids = set(watch.page.locator("[id]").evaluate_all("all => all.map(e => e.id)"))
        assert {link[1:] for link in here if link.startswith("#")} <= ids
        defined = {link.split("#")[1] for link in here if link.startswith("/methods#")}
        assert len(defined) > 40
        data = [link for link in here if link.startswith("/v1/")]
        form = re.compile(r"/v1/metrics/[a-z-]+\?format=(csv|parquet)&weeks=\d+&rows=raw")
        assert all(form.fullmatch(link) for link in data)
        watch.page.goto(f"{url}/methods")
        anchors = set(watch.page.locator("[id]").evaluate_all("all => all.map(e => e.id)"))
        assert defined <= anchors


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing", "No inference has been settled yet"),
        ("one-week", "not enough independent payers"),
        ("signed-only", "Nobody asked for more than a signature"),
    ],
)
def test_little_to_show_reads_well(
    browser: Browser, empty_urls: dict[str, str], name: str, said: str
) -> None:
    for width in (360, 1280):
        for path in ("/", "/models", "/payers"):
            with opened(browser, empty_urls[name] + path, width) as watch:
                check_layout(watch.page, width)
                text = watch.page.locator("main").inner_text()
                assert "None" not in text.replace("None yet.", "").replace("None.", "")
                assert "nan" not in text.lower().split()
                assert "0.0 to 0.0" not in text
                if path == "/":
                    assert said.lower() in text.lower()
                    watch.page.screenshot(path=SCREENSHOTS / f"empty-{name}-{width}.png", full_page=True)
