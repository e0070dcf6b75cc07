"""Pages in the browser: the live view and the review of a survey."""
