"""What an operator sees and steers: how things stand, metrics, health, logs, checks and control."""
