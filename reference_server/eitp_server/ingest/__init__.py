"""The way in: admission of batches, wire columns to arrays, and the tick that reduces them."""
