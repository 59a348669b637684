"""TESS: traces of the two cells and a signal of the layer's own, with Adam in every synapse."""

from __future__ import annotations

from bioplastic.fields import checked, param
from bioplastic.plasticity.rule import PlasticityRule

__all__ = ["tess_rule"]


@checked(
    direction=param(choices=("forward", "feedback")),
    lambda_pre=param(minimum=0, maximum=1),
    lambda_post=param(minimum=0, maximum=1),
    alpha_post=param(minimum=-1, maximum=1),
    batch=param(minimum=1),
)
def tess_rule(
    *,
    eta: float = 1e-3,
    lambda_pre: float = 0.5,
    lambda_post: float = 0.2,
    alpha_post: float = 0.0,
    batch: int = 64,
    direction: str = "forward",
    name: str | None = None,
) -> PlasticityRule:
    r"""Return the rule of two traces and a learning signal that reaches the postsynaptic cell.

    In every step, with activity ``o`` of the presynaptic and surrogate derivative ``psi`` of the
    postsynaptic cell::

        q <- lambda_pre q + o                                  causal trace
        g <- g + error (psi q + alpha_post h o)
        h <- lambda_post h + psi                               after use: without this step

    Traces belong to cells, so a layer of n cells stores 2 n numbers, however long a trial is. After
    ``batch`` trials the mean of ``g`` moves the weight by Adam (0.9, 0.999), whose moments belong
    to the synapse; a shared counter says when.

    Parameters
    ----------
    eta : float, default 1e-3
        Learning rate, a shared scalar.
    lambda_pre, lambda_post : float, default 0.5 and 0.2
        What a step leaves of the traces.
    alpha_post : float, default 0
        Weight of the non-causal term, between -1 and 1; published are -1, 0 and 1.
    batch : int, default 64
        Trials from one change of the weights to the next.
    direction : {"forward", "feedback"}, default "forward"
        ``"feedback"`` is the same product seen by a synapse that runs back, see `ottt_rule`.
    name : str, optional
        Name in messages, ``"tess"`` or ``"tess-feedback"`` otherwise.

    Returns
    -------
    PlasticityRule
        Rule that reads ``o`` and ``psi`` of the cells and the modulator ``error``: the gradient of
        the layer's own loss, or an error that was propagated to it.

    References
    ----------
    Apolinario, Roy & Frenkel (2025), doi 10.1109/IJCNN64981.2025.11227652, equations 5 to 12.

    Examples
    --------
    >>> audit = tess_rule().audit()
    >>> str(audit.verdict), audit.memory["pre"], audit.memory["post"]    # q; h and the error
    ('local with modulator', 1, 2)
    """
    forward = direction == "forward"
    low, high = ("pre", "post") if forward else ("post", "pre")
    return PlasticityRule(
        name=name or ("tess" if forward else "tess-feedback"),
        synapse="w : 1\ng : 1\nm1 : 1\nm2 : 1\nc1 : 1 (shared)\nc2 : 1 (shared)\n"
        "n : 1 (shared)\ndue : 1 (shared)\neta : 1 (shared)",
        modulators=f"error_{high} : 1",
        on_trial_start=f"q_{low} = 0\nh_{high} = 0",
        every=f"""
            q_{low} = lambda_pre*q_{low} + o_{low}
            g += error_{high}*(psi_{high}*q_{low} + alpha_post*h_{high}*o_{low})
            h_{high} = lambda_post*h_{high} + psi_{high}
        """,
        on_trial_end="""
            n += 1
            due = int(n >= batch)
            n *= 1 - due
            c1 += due*0.1*(1 - c1)
            c2 += due*0.001*(1 - c2)
            m1 += due*0.1*(g/batch - m1)
            m2 += due*0.001*((g/batch)**2 - m2)
            w -= due*eta*m1/(c1 + 1 - due)/(sqrt(m2/(c2 + 1 - due)) + 1e-8)
            g *= 1 - due
        """,
        parameters={
            "lambda_pre": lambda_pre,
            "lambda_post": lambda_post,
            "alpha_post": alpha_post,
            "batch": float(batch),
        },
        initial={"eta": eta},
        reference="Apolinario et al. 2025",
        pre=f"{'q' if forward else 'h'}_pre : 1",
        post=f"{'h' if forward else 'q'}_post : 1",
    )
