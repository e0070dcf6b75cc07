"""The crack-map network: architecture, pretrained weights, losses."""
