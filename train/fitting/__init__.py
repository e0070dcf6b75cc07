"""Training: settings, recipes, the fit itself, distillation and calibration."""
