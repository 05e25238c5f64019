"""Files of rows: which there are, how their bytes become chunks, and chunks bytes (Spark: FileFormat)."""
