"""Matrix notation as input: `x.T @ A @ x`, and its derivatives in matrix notation again."""
