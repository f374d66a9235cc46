"""All checks together."""

from __future__ import annotations

import stat
from pathlib import Path

from indexer.doctor.database import look_at_database
from indexer.doctor.finding import Finding
from indexer.doctor.nodes import look_at_nodes
from indexer.settings import IndexerSettings, Loaded
from veritally.deployment import Deployment
from veritally.errors import DeploymentFileError


def examine(loaded: Loaded) -> list[Finding]:
    """Looks at the config file, the deployment files, the nodes and the database."""
    settings = loaded.settings
    findings = [] if loaded.file is None else [_config(loaded.file)]
    deployments, of_files = _deployments(settings)
    limits = settings.blocks_per_request, settings.max_lag_s
    nodes = look_at_nodes(settings.rpc_urls, deployments, *limits)
    return [*findings, *of_files, *nodes, *look_at_database(settings.database_url.get_secret_value())]


def _config(file: Path) -> Finding:
    mode = stat.S_IMODE(file.stat().st_mode)
    fix = f"chmod 600 {file}" if mode & 0o077 else ""
    detail = "others can read it" if fix else "only its owner reads it"
    return Finding(f"config {file}", "secrets", detail, fix)


def _deployments(settings: IndexerSettings) -> tuple[list[Deployment], list[Finding]]:
    deployments, findings = [], []
    for path in settings.deployments:
        try:
            deployed = Deployment.load(path)
        except DeploymentFileError as error:
            fix = "name the right file with --deployment; `veritally devnet` and scripts/deploy.py write them"
            findings.append(Finding.of_error(f"deployment {path}", "file", error, fix))
        else:
            deployments.append(deployed)
            place = f"chain {deployed.chain_id}, from block {deployed.first_block} on"
            findings.append(Finding(f"deployment {path}", "file", place))
    return deployments, findings
