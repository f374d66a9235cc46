"""The files of the public ceremony: what they are called, how large they are, and their checksums."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

CEREMONY_URL: Final = "https://kzg.ezkl.xyz/kzg{logrows}.srs"
"""Where ezkl publishes the files. Nothing depends on who answers there: the checksums decide."""

# As they are compiled into the wheel of ezkl 23.0.5, which refuses every other file as the ceremony's; a test
# looks them up there. Its published source has the same ones, in src/srs_sha.rs.
CEREMONY_SHA256: Final[Mapping[int, str]] = {
    1: "cafb2aa72c200ddc4e28aacabb8066e829207e2484b8d17059a566232f8a297b",
    2: "8194ec51da5d332d2e17283ade34920644774452c2fadf33742e8c739e275d8e",
    3: "0729e815bce2ac4dfad7819982c6479c3b22c32b71f64dca05e8fdd90e8535ef",
    4: "2c0785da20217fcafd3b12cc363a95eb2529037cc8a9bddf8fb15025cbc8cdc9",
    5: "5b950e3b76e7a9923d69f6d6585ce6b5f9458e5ec57a71c9de5005d32d544692",
    6: "85030b2924111fc60acaf4fb8a7bad89531fbe0271aeab0c21e545f71eee273d",
    7: "e65f95150519fe01c2bedf8f832f5249822ef84c9c017307419e10374ff9eeb1",
    8: "446092fd1d6030e5bb2f2a8368267d5ed0fbdb6a766f6c5e4a4841827ad3106f",
    9: "493d088951882ad81af11e08c791a38a37c0ffff14578cf2c7fb9b7bca654d8b",
    10: "9705d450e5dfd06adb673705f7bc34418ec86339203198beceb2ae7f1ffefedb",
    11: "257fa566ed9bc0767d3e63e92b5e966829fa3347d320a32055dc31ee7d33f8a4",
    12: "28b151069f41abc121baa6d2eaa8f9e4c4d8326ddbefee2bd9c0776b80ac6fad",
    13: "d5d94bb25bdc024f649213593027d861042ee807cafd94b49b54f1663f8f267d",
    14: "c09129f064c08ecb07ea3689a2247dcc177de6837e7d2f5f946e30453abbccef",
    15: "90807800a1c3b248a452e1732c45ee5099f38b737356f5542c0584ec9c3ebb45",
    16: "2a1a494630e71bc026dd5c0eab4c1b9a5dbc656228c1f0d48f5dbd3909b161d3",
    17: "41509f380362a8d14401c5ae92073154922fe23e45459ce6f696f58607655db7",
    18: "d0148475717a2ba269784a178cb0ab617bc77f16c58d4a3cbdfe785b591c7034",
    19: "d1a1655b4366a766d1578beb257849a92bf91cb1358c1a2c37ab180c5d3a204d",
    20: "54ef75911da76d7a6b7ea341998aaf66cb06c679c53e0a88a4fe070dd3add963",
    21: "486e044cf98704e07f41137d2b89698dc03d1fbf34d13b60902fea19a6013b4b",
    22: "1ee9b4396db3e4e2516ac5016626ab6ba967f091d5d23afbdb7df122a0bb9d0c",
    23: "748e48b9b6d06f9c82d26bf551d0af43ee2e801e4be56d7ccb20312e267fd1d6",
    24: "f94fa4afa2f5147680f907d4dd96a8826206c26bd3328cd379feaed614b234de",
    25: "dec49a69893fbcd66cd06296b2d936a6aceb431c130b2e52675fe4274b504f57",
    26: "b198a51d48b88181508d8e4ea9dea39db285e4585663b29b7e4ded0c22a94875",
}
"""Hex sha256 of the file for 2^logrows rows, by logrows."""

CEREMONY_WORDS: Final = (
    0x186282957DB913ABD99F91DB59FE69922E95040603EF44C0BD7AA3ADEEF8F5AC,
    0x17944351223333F260DDC3B4AF45191B856689EDA9EAB5CBCDDBBE570CE860D2,
    0x06D971FF4A7467C3EC596ED6EFC674572E32FD6F52B721F97E35B0B3D3546753,
    0x06ECDB9F9567F59ED2EEE36E1E1D58797FD13CC97FAFC2910F5E8A12F202FA9A,
)
"""Words of `-s*G2` in every verifier that was made with the ceremony's SRS, whatever its size."""

_COUNT_BYTES, _G2_BYTES, _WORD_BYTES = 4, 128, 32
_BYTES_PER_ROW: Final = 128
_FIELD: Final = 0x30644E72E131A029B85045B68181585D97816A916871CA8D3C208C16D87CFD47
_UNSCALE: Final = pow(2**256, -1, _FIELD)
"""Numbers in the file are multiplied by 2^256."""


def srs_bytes(logrows: int) -> int:
    """Size of an SRS file: a count, two points of G1 for each row, and two of G2."""
    return _COUNT_BYTES + (_BYTES_PER_ROW << logrows) + 2 * _G2_BYTES


def read_logrows(path: Path) -> int:
    """The size that an SRS file states.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return int.from_bytes(file.read(_COUNT_BYTES), "little")


def read_file_words(path: Path) -> tuple[int, ...]:
    """The four words that verifiers made with an SRS file hold, from the last point in it.

    Raises:
        OSError: it cannot be read, or is no SRS.
    """
    with path.open("rb") as file:
        file.seek(-_G2_BYTES, 2)
        point = file.read()
    x_real, x_imaginary, y_real, y_imaginary = (
        int.from_bytes(point[start : start + _WORD_BYTES], "little") * _UNSCALE % _FIELD
        for start in range(0, _G2_BYTES, _WORD_BYTES)
    )
    return (x_imaginary, x_real, -y_imaginary % _FIELD, -y_real % _FIELD)
