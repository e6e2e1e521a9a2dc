"""Polar's compressed samples: a first one in full, then differences in as many bits as they need.

    i16 or i32 for each channel      the first sample
    u8  width in bits, u8 count      a block, and perhaps more of them:
    count x channels x width bits    differences, lowest bit first, in whole bytes; each is added to
                                     the value before it

One body is read value by value in `uncompressed`.  A session's frames are read together in
`uncompressed_frames`, which gives the same: all blocks of one width are cut into groups of 8
samples of 3 channels, 24 values that fill 3 x width bytes exactly.  So the n-th values of all
groups stand in one row, a fixed number of bytes apart, and behind the same number of bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDEST = 32  # bits: of a 32-bit value there is no wider difference

_CHANNELS, _GROUP = 3, 8  # samples in a group
_FIRST = np.dtype(("<i2", _CHANNELS))

Integers = NDArray[np.integer[Any]]


def uncompressed(body: bytes, channels: int, size: int) -> NDArray[np.int64] | str:
    """First sample of `size` bytes a channel and every one after it, or what is wrong."""
    at = channels * size
    if len(body) < at:
        return f"a first sample of {at} bytes, got {len(body)}"
    rows = [np.frombuffer(body[:at], dtype=f"<i{size}").astype(np.int64).reshape(1, channels)]
    while at < len(body):
        if len(body) < at + 2:
            return "a block without its length"
        width, count = body[at], body[at + 1]
        begin, at = at + 2, at + 2 + (width * count * channels + 7) // 8
        if width > WIDEST:
            return f"differences of {width} bits"
        if at > len(body):
            return f"a block of {count} x {width} bits, cut short"
        rows.append(differences(body[begin:at], width, count * channels).reshape(-1, channels))
    return np.cumsum(np.concatenate(rows), axis=0)


def differences(packed: bytes, width: int, count: int) -> NDArray[np.int64]:
    """`count` signed integers of `width` bits each, lowest bit first.

    Examples
    --------
    >>> differences(bytes.fromhex("f2"), width=4, count=2).tolist()
    [2, -1]
    """
    if width == 0:
        return np.zeros(count, dtype=np.int64)
    bits = np.unpackbits(
        np.frombuffer(packed, dtype=np.uint8), count=width * count, bitorder="little"
    ).reshape(count, width)
    weights = np.int64(1) << np.arange(width, dtype=np.int64)
    weights[-1] = -weights[-1]  # two's complement
    return bits.astype(np.int64) @ weights


# --- many bodies at once ---------------------------------------------------------------------


def uncompressed_frames(
    joined: bytes, begins: Integers, ends: Integers
) -> tuple[Integers, Integers] | None:
    """Values of many bodies of three channels whose first samples have 2 bytes a channel.

    Parameters
    ----------
    joined : bytes
        Everything, one frame after the other.
    begins, ends : (n,) arrays
        Where in it each body begins and ends.

    Returns
    -------
    values : (3, total) array
        Of all samples, channel by channel.
    counts : (n,) array
        How many of them are each frame's.  None instead of both if any body is broken.

    Examples
    --------
    >>> body = bytes.fromhex("f1ff 1400 f003 0601 7b0f08")
    >>> values, counts = uncompressed_frames(body * 2, np.array([0, 11]), np.array([11, 22]))
    >>> values.T.tolist(), counts.tolist()
    ([[-15, 20, 1008], [-20, 17, 1008], [-15, 20, 1008], [-20, 17, 1008]], [2, 2])
    """
    if (ends - begins < _FIRST.itemsize).any():
        return None
    padded = joined + bytes(_CHANNELS * WIDEST + 8)  # a group may be read beyond the last block
    blocks = _blocks(padded, begins + _FIRST.itemsize, ends)
    if blocks is None:
        return None
    counts = 1 + np.bincount(blocks.frame, blocks.count, len(begins)).astype(np.int64)
    is_first = np.zeros(int(counts.sum()), bool)
    is_first[np.cumsum(counts) - counts] = True
    firsts = _at(padded, _FIRST, begins).T
    # Numbers of 32 bits, half the work, unless differences could add up to more than they hold.
    reach = np.bincount(blocks.frame, blocks.count * 2.0 ** (blocks.width - 1), len(begins))
    kind = np.dtype(np.int32 if (reach < 2**30).all() else np.int64)
    values = np.empty((_CHANNELS, len(is_first)), kind)
    after_first = _running_sums(padded, blocks, firsts.astype(kind))
    for channel, first, rest in zip(values, firsts, after_first, strict=True):
        channel[is_first] = first
        channel[~is_first] = rest
    return values, counts


@dataclass(frozen=True, slots=True, eq=False)
class _Blocks:
    """Blocks in the order of their frames: whose they are, where they begin, what they hold."""

    frame: Integers
    begin: Integers
    width: Integers
    count: Integers


def _blocks(joined: bytes, at: Integers, ends: Integers) -> _Blocks | None:
    """Every block of every frame: the first of all frames, then the second, ...; None if broken."""
    heads = np.frombuffer(joined, np.uint8)
    frame = np.flatnonzero(at < ends)
    found: list[tuple[Integers, ...]] = []
    while len(frame):
        begin = at[frame] + 2
        width, count = (heads[begin - k].astype(np.int64) for k in (2, 1))
        after = begin + (width * count * _CHANNELS + 7) // 8
        if (begin > ends[frame]).any() or (after > ends[frame]).any() or (width > WIDEST).any():
            return None
        found.append((frame, begin, width, count))
        at[frame] = after
        frame = frame[after < ends[frame]]
    if not found:
        return _Blocks(*np.zeros((4, 0), np.int64))
    together = [np.concatenate(column) for column in zip(*found, strict=True)]
    order = together[0].argsort(kind="stable")
    return _Blocks(*(column[order] for column in together))


def _running_sums(joined: bytes, blocks: _Blocks, firsts: Integers) -> Integers:
    """Every value but the first of each frame, shape (3, samples)."""
    n_groups = -(-blocks.count // _GROUP)
    total = int(n_groups.sum())
    nth_in_block = np.arange(total) - np.repeat(np.cumsum(n_groups) - n_groups, n_groups)
    width = np.repeat(blocks.width, n_groups)
    begin = np.repeat(blocks.begin, n_groups) + _CHANNELS * width * nth_in_block
    left = np.repeat(blocks.count, n_groups) - _GROUP * nth_in_block  # from this group on
    groups = np.zeros((_GROUP, _CHANNELS, total), firsts.dtype)
    for bits in set(blocks.width[blocks.count > 0].tolist()) - {0}:
        of_width = width == bits
        if of_width.all():
            _fill(groups, joined, bits, begin)
        else:
            some = np.empty((_GROUP, _CHANNELS, int(of_width.sum())), firsts.dtype)
            _fill(some, joined, bits, begin[of_width])
            groups[:, :, of_width] = some
    cut = np.flatnonzero(left < _GROUP)
    groups[:, :, cut] *= np.arange(_GROUP)[:, None, None] < left[cut]

    for n in range(1, _GROUP):
        groups[n] += groups[n - 1]
    # Over all groups, and then each frame's share before it is taken away.
    before = np.cumsum(groups[-1], axis=1, dtype=firsts.dtype) - groups[-1]
    of_frame = np.bincount(blocks.frame, n_groups, firsts.shape[1]).astype(np.int64)
    begins = np.cumsum(of_frame) - of_frame
    has_any = of_frame > 0
    before -= np.repeat(before[:, begins[has_any]] - firsts[:, has_any], of_frame[has_any], axis=1)
    groups += before
    told = groups.transpose(1, 2, 0).reshape(_CHANNELS, -1)
    return told[:, (np.arange(_GROUP) < left[:, None]).ravel()] if len(cut) else told


def _fill(groups: Integers, joined: bytes, width: int, begins: Integers) -> None:
    """Write the differences of groups of one width to (8, 3, groups)."""
    stride = _CHANNELS * width
    packed = _at(joined, np.dtype(f"V{stride}"), begins).tobytes() + bytes(8)
    word = np.dtype("<u4" if groups.itemsize == 4 and width + 7 <= 32 else "<u8")
    signed, n_bits = np.dtype(f"<i{word.itemsize}"), 8 * word.itemsize
    for nth in range(_GROUP * _CHANNELS):
        byte, bit = divmod(nth * width, 8)
        words = np.ndarray((len(begins),), word, packed, byte, (stride,))
        high = np.left_shift(words, word.type(n_bits - width - bit)).view(signed)
        row = groups[nth // _CHANNELS, nth % _CHANNELS]
        np.right_shift(high, signed.type(n_bits - width), out=row, casting="same_kind")


def _at(joined: bytes, kind: np.dtype[np.void], begins: Integers) -> NDArray[np.void]:
    """What stands at these places, each of some bytes; places may be anywhere."""
    n_bytes = kind.itemsize
    rows = np.ndarray((len(joined) - n_bytes + 1,), f"V{n_bytes}", joined, 0, (1,))[begins]
    return rows.view(kind)
