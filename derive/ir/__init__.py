"""The data of which everything is made: expressions, equations, systems, derivations."""
