"""What is asked of a page in Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Page

OVERLAPS = """() => {
  const shown = e => { const b = e.getBoundingClientRect(); return b.width > 0 && b.height > 0; };
  const clash = (a, b) => {
    const p = a.getBoundingClientRect(), q = b.getBoundingClientRect();
    return Math.min(p.right, q.right) - Math.max(p.left, q.left) > 1
        && Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top) > 1;
  };
  const found = [];
  const apart = (name, elements) => {
    const list = [...elements].filter(shown);
    for (let i = 0; i < list.length; i++)
      for (let j = i + 1; j < list.length; j++)
        if (clash(list[i], list[j])) found.push(`${name}: ${list[i].textContent.trim().slice(0, 40)} | `
          + list[j].textContent.trim().slice(0, 40));
  };
  apart('body', [document.querySelector('header'), document.querySelector('main'),
                 document.querySelector('footer')]);
  apart('header', document.querySelectorAll('header .inner > *'));
  apart('main', document.querySelectorAll('main > *'));
  for (const section of document.querySelectorAll('section')) apart('section', section.children);
  for (const list of document.querySelectorAll('.figures, .stats, .verdicts')) apart('list', list.children);
  for (const figure of document.querySelectorAll('figure')) apart('figure', figure.children);
  for (const chart of document.querySelectorAll('figure svg')) apart('text', chart.querySelectorAll('text'));
  return found;
}"""
"""Pairs of blocks, and of texts in a chart, that lie on each other."""

OUTSIDE = """() => [...document.querySelectorAll('svg text, h1, h2, h3, p, dd, li')]
  .filter(e => !e.closest('.scroll, .hidden') && e.getBoundingClientRect().width > 0)
  .filter(e => e.getBoundingClientRect().right > innerWidth || e.getBoundingClientRect().left < 0)
  .map(e => e.textContent.slice(0, 60))"""
"""Texts that stick out of the window."""

CONTRAST = """() => {
  const numbers = text => text.match(/[\\d.]+/g).map(Number);
  const light = rgb => {
    const [r, g, b] = rgb.slice(0, 3).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92
      : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = e => {
    for (; e; e = e.parentElement) {
      const rgba = numbers(getComputedStyle(e).backgroundColor);
      if (rgba.length < 4 || rgba[3] > 0.99) return rgba;
    }
    return [255, 255, 255];
  };
  const found = [];
  const own = e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  for (const e of document.querySelectorAll('body *')) {
    if (!own(e) || e.closest('title, desc, .hidden, .skip, svg.patterns')) continue;
    const style = getComputedStyle(e), inside = e.closest('svg') !== null;
    const ink = numbers(inside ? style.fill : style.color), paper = behind(inside ? e.closest('svg') : e);
    const [a, b] = [light(ink), light(paper)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) found.push(`${ratio.toFixed(2)} ${e.textContent.trim().slice(0, 50)}`);
  }
  return found;
}"""
"""Texts whose contrast with what is behind them is below 4.5."""

NAMELESS = """() => {
  const found = [];
  for (const e of document.querySelectorAll('a, button, input, select, summary')) {
    const label = e.labels && e.labels.length ? e.labels[0].textContent : '';
    const name = (e.getAttribute('aria-label') || e.textContent || label).trim() || label.trim();
    if (!name) found.push(e.outerHTML.slice(0, 80));
  }
  for (const e of document.querySelectorAll('svg'))
    if (e.getAttribute('aria-hidden') !== 'true') {
      const ids = (e.getAttribute('aria-labelledby') || '').split(' ');
      const named = ids.length === 2 && ids.every(id => document.getElementById(id)?.textContent.trim());
      if (e.getAttribute('role') !== 'img' || !named) found.push(e.outerHTML.slice(0, 80));
    }
  for (const e of document.querySelectorAll('table'))
    if (!e.caption || !e.caption.textContent.trim() || !e.querySelector('thead th[scope=col]'))
      found.push(e.outerHTML.slice(0, 80));
  return found;
}"""
"""Controls, pictures and tables that a screen reader cannot name."""

DOUBLE_IDS = """() => {
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  return ids.filter((id, i) => ids.indexOf(id) !== i);
}"""


@dataclass
class Watch:
    """What a page did while it was open."""

    page: Page
    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)


@contextmanager
def opened(browser: Browser, url: str, width: int = 1280, **options: Any) -> Iterator[Watch]:
    """A page in a context of its own."""
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)
    watch = Watch(context.new_page())
    watch.page.on("console", lambda message: watch.messages.append(message.text))
    watch.page.on("pageerror", lambda error: watch.messages.append(str(error)))
    watch.page.on("dialog", lambda dialog: watch.messages.append(f"dialog {dialog.message}"))
    watch.page.on("request", lambda request: watch.requests.append(request.url))
    watch.page.on("response", lambda response: watch.statuses.__setitem__(response.url, response.status))
    try:
        watch.page.goto(url)
        yield watch
    finally:
        context.close()
