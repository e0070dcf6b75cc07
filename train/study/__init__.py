"""What pays: networks against their cost, and kinds of training data against what they bring."""
