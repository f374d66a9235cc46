"""Language models behind an OpenAI-compatible upstream: paid per token, answered at once or in parts."""
