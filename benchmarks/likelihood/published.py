"""Published test values in nats a frame; those of 2017 are quoted from memory of the papers, to be read again."""

from __future__ import annotations

PUBLISHED: dict[str, dict[str, float]] = {
    "JSB_Chorales": {
        "RNN-RBM (2012)": 6.27,
        "RNN-NADE, Hessian-free (2012)": 5.56,
        "LSTM, independent outputs (Bai 2018)": 8.45,
        "TCN, independent outputs (Bai 2018)": 8.10,
        "LSTM-RTRBM (2015)": 4.72,
        "TP-LSTM-NADE (2017)*": 5.88,
        "BALSTM, bi-axial (2017)*": 5.05,
    },
    "Nottingham": {
        "RNN-RBM (2012)": 2.39,
        "RNN-NADE, Hessian-free (2012)": 2.31,
        "LSTM, independent outputs (Bai 2018)": 3.29,
        "TCN, independent outputs (Bai 2018)": 3.07,
        "TP-LSTM-NADE (2017)*": 1.61,
        "BALSTM, bi-axial (2017)*": 1.55,
    },
}


def table(name: str) -> str:
    """Return the published values of a set as lines; nothing is known of other sets."""
    known = PUBLISHED.get(name)
    if not known:
        return f"no published values are kept for {name}"
    rows = [f"{model:<40} {value:7.2f}" for model, value in known.items()]
    return "\n".join(["published, test (* quoted from memory):", *rows])
