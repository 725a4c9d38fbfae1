"""Which names and addresses the server answers to."""

from __future__ import annotations

import pytest

from customlabels.api.hosts import is_known, is_loopback, is_loopback_name


@pytest.mark.parametrize(
    ("header", "listening", "allowed", "expected"),
    [
        ("127.0.0.1:8321", "127.0.0.1", (), True),
        ("localhost", "127.0.0.1", (), True),
        ("LocalHost:8321", "127.0.0.1", (), True),
        ("[::1]:8321", "127.0.0.1", (), True),
        ("localhost.:8321", "127.0.0.1", (), True),
        ("192.168.1.7:8321", "192.168.1.7", (), True),
        ("192.168.1.7:8321", "0.0.0.0", (), True),
        ("[fe80::1]:8321", "::", (), True),
        ("labels.example.org", "0.0.0.0", ("labels.example.org",), True),
        ("Labels.Example.org:443", "0.0.0.0", ("labels.example.org",), True),
        ("labels.example.org", "0.0.0.0", (), False),
        ("192.168.1.8:8321", "192.168.1.7", (), False),
        ("192.168.1.7:8321", "127.0.0.1", (), False),
        ("evil.example", "127.0.0.1", ("labels.example.org",), False),
        ("labels.example.org.evil.example", "127.0.0.1", ("labels.example.org",), False),
        ("127.0.0.1.evil.example:8321", "127.0.0.1", (), False),
        ("127.0.0.1@evil.example", "127.0.0.1", (), False),
        ("evil.example, 127.0.0.1", "127.0.0.1", (), False),
        ("2130706433", "0.0.0.0", (), False),
        ("", "0.0.0.0", (), False),
        ("[", "0.0.0.0", (), False),
        (":8321", "", (), False),
    ],
)
def test_a_host_is_known_by_its_name_or_address(
    header: str, listening: str, allowed: tuple[str, ...], expected: bool
) -> None:
    assert is_known(header, listening, allowed) is expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("192.168.1.7", False),
        ("", False),
        ("localhost", False),
    ],
)
def test_peers_of_the_loopback_are_known_by_address(address: str, expected: bool) -> None:
    assert is_loopback(address) is expected


def test_a_proxy_is_known_by_the_name_it_was_called_by() -> None:
    assert is_loopback_name("127.0.0.1:8321")
    assert not is_loopback_name("labels.example.org")
