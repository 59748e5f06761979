"""A second, slower and plainer implementation of the aggregation, and the maker of its goldens.

    python3 tests/oracle/aggregate.py

regenerates `tests/golden/aggregation.json` byte for byte: the cases come from a fixed seed, and of
`random` only `random()` is used, whose sequence is the same in every version of Python. It needs the
standard library only.

Nothing here shares code or method with the program: every number is a fraction, read from the text of
the JSON, and each rule is written out as it is told.
"""

import json
import random
from fractions import Fraction
from pathlib import Path

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "aggregation.json"


# --- The oracle ---------------------------------------------------------------------------------


def read(text):
    """JSON with every number as the fraction that was written."""
    return json.loads(text, parse_float=Fraction, parse_int=Fraction)


def is_evidenced(finding):
    """A supported quote, or a rule with what it searched for."""
    for evidence in finding.get("evidence", []):
        if evidence["supported"]:
            return True
    return finding.get("rule_id") is not None and len(finding.get("searched", [])) > 0


def review_of(persona, reviews):
    found = [review for review in reviews if review["persona_id"] == persona["id"]]
    assert len(found) <= 1, "a golden has no duplicates"
    return found[0] if found else None


def weighted_confidence(panel, reviews):
    total = Fraction(0)
    for persona in panel["personas"]:
        review = review_of(persona, reviews)
        if review is not None:
            total += persona["weight"] * review["confidence_score"]
    return max(Fraction(0), min(Fraction(1), total))


def holders_review(panel, reviews):
    """The review of the persona that holds the veto, or None."""
    for persona in panel["personas"]:
        if persona.get("veto", False):
            return review_of(persona, reviews)
    return None


def by_weighted_confidence(panel, reviews):
    """The label, and what `veto.changed_decision` says (None: no veto was raised)."""
    confidence = weighted_confidence(panel, reviews)
    if confidence >= panel["thresholds"]["approve"]:
        label = "approve"
    elif confidence >= panel["thresholds"]["revise"]:
        label = "revise"
    else:
        label = "reject"
    holder = holders_review(panel, reviews)
    if holder is None:
        return label, None
    if not any(issue.get("security_critical") is True for issue in holder["blocking_issues"]):
        return label, None
    if label == "approve":
        return "revise", True
    return label, False


def by_findings(panel, reviews):
    """The label, and what `veto.changed_decision` says (None: no veto was raised)."""
    holder = holders_review(panel, reviews)
    if holder is not None:
        for issue in holder["blocking_issues"]:
            if is_evidenced(issue) and issue.get("security_critical") is True:
                return "reject", True
    for review in reviews:
        for issue in review["blocking_issues"]:
            if is_evidenced(issue):
                return "revise", None
    evidenced_concerns = 0
    for review in reviews:
        for concern in review["concerns"]:
            if is_evidenced(concern):
                evidenced_concerns += 1
    if evidenced_concerns > panel["max_concerns"]:
        return "revise", None
    return "approve", None


def dissents(panel, review, label):
    score, blocks = review["confidence_score"], len(review["blocking_issues"]) > 0
    if label == "approve":
        return score < panel["thresholds"]["revise"] or blocks
    if label == "revise":
        return blocks
    return score >= panel["thresholds"]["approve"]


def decide(panel, reviews):
    """What the panel's reviews add up to: the part of a golden that is expected."""
    method = {"weighted_confidence": by_weighted_confidence, "findings": by_findings}[panel["method"]]
    label, changed = method(panel, reviews)
    dissent, missing = [], []
    for persona in panel["personas"]:
        review = review_of(persona, reviews)
        if review is None:
            missing.append(persona["id"])
        elif dissents(panel, review, label):
            dissent.append(persona["id"])
    return {
        "decision": label,
        "weighted_confidence": plain(weighted_confidence(panel, reviews)),
        "dissent": dissent,
        "veto_changed_decision": changed,
        "missing": missing,
    }


def plain(value):
    """A fraction from 0 to 1 as the shortest plain decimal; none is rounded."""
    for places in range(25):
        scaled = value * 10**places
        if scaled.denominator == 1:
            if places == 0:
                return str(scaled)
            return "0." + str(scaled.numerator).rjust(places, "0")
    raise ValueError(f"{value} is no decimal of 24 places")


# --- The cases ----------------------------------------------------------------------------------


class Number(str):
    """A JSON number, spelled as it shall be printed."""


def dump(value):
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(json.dumps(key) + ":" + dump(item) for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(dump, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


RANDOM = random.Random(20_240_229)


def below(bound):
    """An integer from 0 to `bound` - 1."""
    return int(RANDOM.random() * bound)


def pick(items):
    return items[below(len(items))]


def chance(percent):
    return below(100) < percent


def shuffled(items):
    left, out = list(items), []
    while left:
        out.append(left.pop(below(len(left))))
    return out


def any_score():
    """As people write it, as a model prints it, or with every digit that is allowed."""
    kind = below(4)
    if kind == 0:
        return Number("0." + pick("56789") + pick("05"))
    if kind == 1:
        return Number(pick(["0", "1", "8E-1", "6e-1", "0.80", "0.600", "1.0", "7.5E-1", "1e-20"]))
    digits = 4 if kind == 2 else 20
    return Number("0." + "".join(pick("0123456789") for _ in range(digits)))


def high_score():
    return Number("0." + pick("89") + "".join(pick("0123456789") for _ in range(pick([1, 3, 19]))))


def low_score():
    return Number("0." + pick("01234") + "".join(pick("0123456789") for _ in range(pick([1, 3, 19]))))


WORDS = "cache quota émigré 数据 “quoted” back\\slash semi;colon retry 🙂 ledger".split()


def words():
    return " ".join(pick(WORDS) for _ in range(1 + below(3)))


def basis():
    """What a finding rests on, which may be nothing."""
    quote = {"quote": words(), "start_line": 1 + below(9), "end_line": 10, "supported": True}
    return pick(
        [
            {},
            {"evidence": [quote]},
            {"evidence": [{**quote, "supported": False}]},
            {"evidence": [{**quote, "supported": False}, quote]},
            {"rule_id": "no_rollback"},
            {"rule_id": "no_rollback", "searched": ["rollback"]},
            {"searched": ["rollback"]},
        ]
    )


def any_issue():
    flag = pick([{}, {"security_critical": None}, {"security_critical": False}, {"security_critical": True}])
    return {"text": words(), **flag, **basis()}


def any_concern():
    return {"text": words(), "is_blocking": chance(50), **basis()}


def review(persona, score, issues=(), concerns=()):
    return {
        "persona_id": persona["id"],
        "persona_name": persona["name"],
        "confidence_score": score,
        "strengths": [words() for _ in range(below(2))],
        "concerns": list(concerns),
        "recommendations": [words() for _ in range(below(3))],
        "blocking_issues": list(issues),
        "estimated_effort": "small",
        "dependency_risks": [],
    }


def some_reviews(panel, score, issue_percent, concerns):
    reviews = []
    for persona in panel["personas"]:
        issues = [any_issue() for _ in range(1 + below(2))] if chance(issue_percent) else []
        reviews.append(review(persona, score(), issues, [any_concern() for _ in range(below(concerns + 1))]))
    return shuffled(reviews)


def persona(id, name, weight, veto=False):
    holder = {"veto": True} if veto else {}
    return {"id": id, "name": name, "weight": Number(weight), "instructions": "Look.", **holder}


def panel(personas, method, approve="0.80", revise="0.60", max_concerns=3, quorum=None):
    smaller = {} if quorum is None else {"quorum": quorum}
    return {
        "personas": personas,
        "thresholds": {"approve": Number(approve), "revise": Number(revise), "rerun": Number("0.70")},
        "method": method,
        "max_concerns": max_concerns,
        **smaller,
        "expansion": {},
    }


def default(method, **changes):
    """The panel that a store begins with, but for instructions and temperatures."""
    personas = [
        persona("architect", "Architect", "0.25"),
        persona("critic", "Critic", "0.25"),
        persona("optimist", "Optimist", "0.15"),
        persona("security_guardian", "SecurityGuardian", "0.20", veto=True),
        persona("user_advocate", "UserAdvocate", "0.15"),
    ]
    return panel(personas, method, **changes)


def solo(method, **changes):
    return panel([persona("solo", "Solo", "1", veto=True)], method, **changes)


def nobody_vetoes(method, **changes):
    personas = [persona("a", "A", "0.3333"), persona("b", "B", "0.3334"), persona("c", "C", "0.3333")]
    return panel(personas, method, approve="0.75", revise="0.5", **changes)


def seven(method, **changes):
    weights = ["0.0625", "0.1875", "0.25", "0", "0.3", "0.0001", "0.1999"]
    personas = [persona(f"p{i}", f"P{i}", weight, veto=i == 4) for i, weight in enumerate(weights)]
    return panel(personas, method, approve="0.7", revise="0.7", **changes)


def a_digit_too_heavy(method):
    """The weights add up to 1.0001, which a panel may; the confidence stays within 1."""
    return panel([persona("a", "A", "0.5"), persona("b", "B", "0.5001")], method)


def exactly(panel, target, units):
    """Scores whose weighted sum is `target` and `units` of the last digit of the first score."""
    first, *others = panel["personas"]
    while True:
        scores = [Number("0." + pick("56789") + pick("05")) for _ in others]
        rest = sum(Fraction(p["weight"]) * Fraction(s) for p, s in zip(others, scores))
        wanted = (Fraction(target) - rest) / Fraction(first["weight"]) + Fraction(units, 10**20)
        if 0 <= wanted <= 1:
            return [Number(plain(wanted)), *scores]


def cases():
    """Name, panel and reviews of each case."""
    both = ["weighted_confidence", "findings"]

    trap = default("weighted_confidence")
    scores = map(Number, ["0.9", "0.8", "0.8", "0.7", "0.75"])
    yield "the trap", trap, [review(p, s) for p, s in zip(trap["personas"], scores)]

    for target in ["0.80", "0.60"]:
        for units, side in [(0, "exactly"), (-1, "one digit below"), (1, "one digit above")]:
            for turn in range(3 if units == 0 else 1):
                asked = default("weighted_confidence")
                scores = exactly(asked, target, units)
                issues = [[any_issue()] if chance(20) else [] for _ in scores]
                reviews = map(review, asked["personas"], scores, issues)
                yield f"{side} {target}, {turn}", asked, shuffled(reviews)

    for name, score, issue_percent in [
        ("mixed", any_score, 30),
        ("high", high_score, 25),
        ("low", low_score, 25),
        ("high and unopposed", high_score, 0),
    ]:
        for turn in range(3 if issue_percent else 2):
            asked = default("weighted_confidence")
            yield f"{name} scores, {turn}", asked, some_reviews(asked, score, issue_percent, 2)

    quote = {"quote": "All of it.", "start_line": 1, "end_line": 1}
    for method in both:
        for owner in ["the holder", "all but the holder"]:
            for supported in [True, False]:
                asked = default(method)
                reviews = some_reviews(asked, high_score, 0, 0)
                issue = {"security_critical": True, "evidence": [{**quote, "supported": supported}]}
                for one in reviews:
                    if (one["persona_id"] == "security_guardian") == (owner == "the holder"):
                        one["blocking_issues"] = [{"text": words(), **issue}]
                rest = "supported" if supported else "unsupported"
                yield f"critical for {owner}, {rest}, {method}", asked, reviews

    for turn in range(8):
        asked = default("findings")
        yield f"findings, {turn}", asked, some_reviews(asked, any_score, 45, 2)
    for turn in range(6):
        asked = default("findings", max_concerns=turn % 3)
        yield f"findings of concerns only, {turn}", asked, some_reviews(asked, any_score, 0, 1)

    for method in both:
        for turn in range(3):
            asked = solo(method, max_concerns=0)
            yield f"one persona, {method}, {turn}", asked, some_reviews(asked, any_score, 50, 1)
        for turn in range(3):
            asked = nobody_vetoes(method)
            yield f"nobody holds a veto, {method}, {turn}", asked, some_reviews(asked, any_score, 40, 2)
        for turn in range(3):
            asked = seven(method, quorum=4)
            heard = some_reviews(asked, any_score, 20, 1)[: 4 + turn]
            yield f"seven with a quorum, {method}, {turn}", asked, heard
        asked = default(method, quorum=1)
        heard = [one for one in some_reviews(asked, high_score, 60, 2) if "security" not in one["persona_id"]]
        yield f"the holder is missing, {method}", asked, heard

    asked = seven("weighted_confidence")
    reviews = list(map(review, asked["personas"], exactly(asked, "0.7", 0)))
    yield "exactly where both thresholds are", asked, reviews
    asked = a_digit_too_heavy("weighted_confidence")
    yield "all are sure", asked, [review(p, Number("1")) for p in asked["personas"]]


def main():
    lines = []
    for name, asked, reviews in cases():
        asked, reviews = dump(asked), dump(reviews)
        expected = dump(decide(read(asked), read(reviews)))
        lines.append(f'{{"name":{dump(name)},"panel":{asked},"reviews":{reviews},"expected":{expected}}}')
    GOLDEN.write_bytes(("[\n" + ",\n".join(lines) + "\n]\n").encode())


if __name__ == "__main__":
    main()
