"""The commands of `veritally-prover`, one module each, which `register` adds to the program."""
