"""The desktop side: patches, masks and renderings become a trained Keras crack-map network."""
