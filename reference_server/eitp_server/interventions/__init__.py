"""What can be offered: the catalogue, who is eligible, delivery, outcomes and their attribution."""
