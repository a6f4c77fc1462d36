"""The chat that receives packets, so that the model does not have to guess the mood."""
