"""Foreign history: what other contracts say of themselves. Recorded, unverified, and counted apart."""
