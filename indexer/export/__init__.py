"""Final events as immutable Parquet files with a manifest, for engines on other machines."""
