"""Speed, memory and build cost of the symmetric-STDP network, side by side with its peers."""
