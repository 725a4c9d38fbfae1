"""The ground everything stands on: one way to decode a picture, one geometry for boxes."""
