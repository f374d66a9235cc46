"""Proofs of a model's execution with ezkl: from an ONNX file to a proof that a contract verifies."""
