"""Photographs, one or thousands: listed, processed in parallel, recorded once each."""
