"""Models of what customers will do: their likelihoods, their fit and what they say; numpy and scipy only."""
