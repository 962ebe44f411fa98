"""Systems as a whole: order, recurrences, one sample, one step, training or inference."""
