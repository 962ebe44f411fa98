"""Rewriting of scalar bodies and of subscripts: equal values in cheaper forms."""
