"""The enclave that the service runs in: its key, its documents, its registration."""
