"""Pretrained models of the Hugging Face hub as backbones: the opt-in extra [hub].

Nothing here is imported before a training names a backbone, and what is trained needs none of it to be served.
"""
