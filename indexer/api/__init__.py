"""The HTTP interface for analysts: `/v1/...`, described in docs/api.md."""
