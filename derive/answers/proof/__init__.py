"""Whether two formulas are equal: by normal form, by chance with a known bound."""
