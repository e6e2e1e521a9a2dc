"""A person in the position, as physics: ground truth for tests, and the body behind `demo`."""
