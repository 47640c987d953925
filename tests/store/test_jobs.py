"""The order in which what waits for the writer is written."""

from __future__ import annotations

from bot.store.jobs import MOST_OTHERS, Jobs


def waiting(first: int, others: int) -> Jobs[str]:
    """So many jobs of each kind, those that go first put last."""
    jobs: Jobs[str] = Jobs()
    for number in range(others):
        jobs.put(f"other {number}", first=False)
    for number in range(first):
        jobs.put(f"first {number}", first=True)
    return jobs


def test_what_people_wait_for_goes_first() -> None:
    """An acknowledgement overtakes what already waits, and waits for no more than one short commit."""
    jobs = waiting(first=2, others=MOST_OTHERS + 1)
    assert jobs.batch() == ["first 0", "first 1"]
    jobs.put("late", first=True)
    assert jobs.batch() == [f"other {number}" for number in range(MOST_OTHERS)]
    assert jobs.batch() == ["late"]


def test_nothing_is_put_off_for_ever() -> None:
    """However many requests come in, what they need done is done in turns with taking them in."""
    jobs = waiting(first=1, others=1)
    batches = []
    for number in range(3):
        batches.append(jobs.batch())
        jobs.put(f"more {number}", first=True)
    assert batches == [["first 0"], ["other 0"], ["more 0", "more 1"]]


def test_all_is_done_before_the_end() -> None:
    """Whatever was asked for before the store closes is written."""
    jobs = waiting(first=1, others=2)
    jobs.close()
    assert [jobs.batch() for _ in range(3)] == [["first 0"], ["other 0", "other 1"], []]
