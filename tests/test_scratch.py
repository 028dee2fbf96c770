import shutil

import pytest

from symgrad import scratch
from symgrad.scratch import scratch_folder


def test_a_scratch_folder_is_ours_alone_and_gone_afterwards():
    with scratch_folder() as folder:
        (folder / "a").mkdir()
        (folder / "a" / "file").write_text("x")
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()


def test_an_interrupt_while_a_scratch_folder_is_taken_away_leaves_nothing(monkeypatch):
    """``tempfile.TemporaryDirectory`` left the folder of the checker behind."""
    calls = []

    def interrupted(path, **options):
        calls.append(path)
        if len(calls) == 1:
            raise KeyboardInterrupt
        remove(path, **options)

    remove = shutil.rmtree
    monkeypatch.setattr(scratch.shutil, "rmtree", interrupted)
    with pytest.raises(KeyboardInterrupt), scratch_folder() as folder:
        (folder / "file").write_text("x")
    assert not folder.exists()
