"""Graph and Entra: the edge that speaks their formats."""
