import numpy as np

from exo2micro.storage import TileSpool


def test_tiles_come_back_in_order_with_their_type(tmp_path):
    first = np.arange(12, dtype=np.uint8).reshape(3, 4)
    last = np.full((2, 2), 1.5, dtype=np.float32)
    with TileSpool(tmp_path) as spool:
        for tile in (first, None, last.T):
            spool.add(tile)
        for _ in range(2):  # they can be read again
            back = list(spool.tiles())
            assert back[1] is None
            np.testing.assert_array_equal(back[0], first)
            np.testing.assert_array_equal(back[2], last)
            assert [back[0].dtype, back[2].dtype] == [np.uint8, np.float32]


def test_nothing_is_left_in_the_folder(tmp_path):
    with TileSpool(tmp_path) as spool:
        spool.add(np.zeros((4, 4)))
    assert list(tmp_path.iterdir()) == []
