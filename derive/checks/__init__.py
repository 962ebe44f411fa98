"""What proves a derivation: points, exact and numeric comparison, the report."""
