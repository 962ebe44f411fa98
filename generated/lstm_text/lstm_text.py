"""lstm_text: forward pass, gradients and training, in NumPy alone.

The objective is E = sum(n,j, log(s[n,j]) - (z_out[n,j,t[n,j]] -
m[n,j]))/(size(n)*size(s)).
Derived and written by chainrule; each line stands under its formula.

Sources:
* embedding: Bengio et al. 2003, A neural probabilistic language model, section 2, the
  matrix C
* lstm: Hochreiter & Schmidhuber 1997; Gers et al. 2000, the gate f; torch.nn.LSTM
* dense: Rumelhart, Hinton & Williams 1986, eq. 1
* softmax_cross_entropy: Bishop 2006, eq. 5.24
"""

import argparse
import csv
import io
import json
import os
import sys

import numpy as np

NAME = "lstm_text"
DTYPE = np.float64
PARAMETERS = {
    "W_symbols": (66, 24),
    "Wi_lstm": (64, 24),
    "Ui_lstm": (64, 64),
    "bi_lstm": (64,),
    "vi_lstm": (64,),
    "Wf_lstm": (64, 24),
    "Uf_lstm": (64, 64),
    "bf_lstm": (64,),
    "vf_lstm": (64,),
    "Wg_lstm": (64, 24),
    "Ug_lstm": (64, 64),
    "bg_lstm": (64,),
    "vg_lstm": (64,),
    "Wo_lstm": (64, 24),
    "Uo_lstm": (64, 64),
    "bo_lstm": (64,),
    "vo_lstm": (64,),
    "W_out": (66, 64),
    "b_out": (66,),
}
BUFFERS = {}
HYPERPARAMETERS = {"learning_rate": 0.01, "beta1": 0.9, "beta2": 0.999, "eps": 1e-08}


def _array(given, name, shape, dtype=DTYPE):
    """An argument as an array of the wanted shape; a letter stands for any extent."""
    if isinstance(given, np.ma.MaskedArray) or np.iscomplexobj(given):
        raise ValueError(f"{name} must hold real numbers, none of them masked")
    array = np.asarray(given, dtype=dtype)
    extents = {e: n for e, n in zip(shape, array.shape) if isinstance(e, str)}
    if array.shape != tuple(extents.get(e, e) for e in shape):
        wanted = str(shape).replace("'", "")
        raise ValueError(f"{name} has shape {array.shape}, not {wanted}")
    return array


def _integers(given, name, shape):
    """An argument as an array of whole numbers of the wanted shape."""
    array = _array(given, name, shape, dtype=None)
    if array.dtype.kind in "iu":
        return array.astype(np.intp, copy=False)
    with np.errstate(invalid="ignore"):
        whole = array.astype(np.intp)
    if not np.array_equal(whole, array):
        raise ValueError(f"{name} must hold whole numbers")
    return whole


def _places(given, name, shape, count, besides=()):
    """An argument as whole numbers from 0 to count - 1, or among `besides`."""
    array = _integers(given, name, shape)
    inside = (array >= 0) & (array < count)
    for other in besides:
        inside = inside | (array == other)
    if not np.all(inside):
        wrong = array[~inside].flat[0]
        raise ValueError(f"{name} holds {wrong}, which is none of 0 to {count - 1}")
    return array


def sigmoid(z):
    """1 / (1 + exp(-z)), accurate at both ends."""
    with np.errstate(over="ignore"):  # where exp(-z) overflows, the result is 0
        return 1 / (1 + np.exp(-z))


def init_params(seed=0):
    """Parameters to begin with: {name: array}."""
    rng = np.random.default_rng(seed)
    return {
        "W_symbols": rng.normal(0.0, 1.0, (66, 24)).astype(DTYPE),
        "Wi_lstm": rng.uniform(-0.125, 0.125, (64, 24)).astype(DTYPE),
        "Ui_lstm": rng.uniform(-0.125, 0.125, (64, 64)).astype(DTYPE),
        "bi_lstm": rng.uniform(-0.125, 0.125, (64,)).astype(DTYPE),
        "vi_lstm": rng.uniform(-0.125, 0.125, (64,)).astype(DTYPE),
        "Wf_lstm": rng.uniform(-0.125, 0.125, (64, 24)).astype(DTYPE),
        "Uf_lstm": rng.uniform(-0.125, 0.125, (64, 64)).astype(DTYPE),
        "bf_lstm": rng.uniform(-0.125, 0.125, (64,)).astype(DTYPE),
        "vf_lstm": rng.uniform(-0.125, 0.125, (64,)).astype(DTYPE),
        "Wg_lstm": rng.uniform(-0.125, 0.125, (64, 24)).astype(DTYPE),
        "Ug_lstm": rng.uniform(-0.125, 0.125, (64, 64)).astype(DTYPE),
        "bg_lstm": rng.uniform(-0.125, 0.125, (64,)).astype(DTYPE),
        "vg_lstm": rng.uniform(-0.125, 0.125, (64,)).astype(DTYPE),
        "Wo_lstm": rng.uniform(-0.125, 0.125, (64, 24)).astype(DTYPE),
        "Uo_lstm": rng.uniform(-0.125, 0.125, (64, 64)).astype(DTYPE),
        "bo_lstm": rng.uniform(-0.125, 0.125, (64,)).astype(DTYPE),
        "vo_lstm": rng.uniform(-0.125, 0.125, (64,)).astype(DTYPE),
        "W_out": rng.uniform(-np.sqrt(1 / 64), np.sqrt(1 / 64), (66, 64)).astype(DTYPE),
        "b_out": rng.uniform(-0.125, 0.125, (66,)).astype(DTYPE),
    }


def _propagate(params, x):
    """Forward propagation; returns y_symbols, i_lstm, f_lstm, g_lstm, o_lstm,
    c_lstm, tanh_c_lstm, h_lstm, y_lstm, z_out, m, s, p."""
    W_symbols, Wi_lstm = params["W_symbols"], params["Wi_lstm"]
    Ui_lstm, bi_lstm, vi_lstm = params["Ui_lstm"], params["bi_lstm"], params["vi_lstm"]
    Wf_lstm, Uf_lstm, bf_lstm = params["Wf_lstm"], params["Uf_lstm"], params["bf_lstm"]
    vf_lstm, Wg_lstm, Ug_lstm = params["vf_lstm"], params["Wg_lstm"], params["Ug_lstm"]
    bg_lstm, vg_lstm, Wo_lstm = params["bg_lstm"], params["vg_lstm"], params["Wo_lstm"]
    Uo_lstm, bo_lstm, vo_lstm = params["Uo_lstm"], params["bo_lstm"], params["vo_lstm"]
    W_out, b_out = params["W_out"], params["b_out"]
    x = _places(x, "x", ("N", "S"), 66)
    N = len(x)
    S = x.shape[1]
    # y_symbols[n,s,i] = W_symbols[x[n,s],i]
    y_symbols = W_symbols[x]
    # z_lstm[n,t,k] = sum(j, Wi_lstm[k,j]*y_symbols[n,t,j]) + bi_lstm[k] + vi_lstm[k]
    z_lstm = y_symbols.transpose(1, 0, 2) @ Wi_lstm.T + (bi_lstm + vi_lstm)
    # what a loop walks has that axis first
    i_lstm = np.zeros((S, N, 64), dtype=DTYPE)
    # z_f_lstm[n,t,k] = sum(j, Wf_lstm[k,j]*y_symbols[n,t,j]) + bf_lstm[k] + vf_lstm[k]
    z_f_lstm = y_symbols.transpose(1, 0, 2) @ Wf_lstm.T + (bf_lstm + vf_lstm)
    f_lstm = np.zeros((S, N, 64), dtype=DTYPE)
    # z_g_lstm[n,t,k] = sum(j, Wg_lstm[k,j]*y_symbols[n,t,j]) + bg_lstm[k] + vg_lstm[k]
    z_g_lstm = y_symbols.transpose(1, 0, 2) @ Wg_lstm.T + (bg_lstm + vg_lstm)
    g_lstm = np.zeros((S, N, 64), dtype=DTYPE)
    # z_o_lstm[n,t,k] = sum(j, Wo_lstm[k,j]*y_symbols[n,t,j]) + bo_lstm[k] + vo_lstm[k]
    z_o_lstm = y_symbols.transpose(1, 0, 2) @ Wo_lstm.T + (bo_lstm + vo_lstm)
    o_lstm = np.zeros((S, N, 64), dtype=DTYPE)
    c_lstm = np.zeros((S, N, 64), dtype=DTYPE)
    tanh_c_lstm = np.zeros((S, N, 64), dtype=DTYPE)
    h_lstm = np.zeros((S, N, 64), dtype=DTYPE)
    for t_ in range(S):
        if t_ >= 1:
            # z_lstm[n,t,k] += sum(l, Ui_lstm[k,l]*h_lstm[n,t-1,l])
            z_lstm[t_] += h_lstm[t_ - 1] @ Ui_lstm.T
        # i_lstm[n,t,k] = sigmoid(z_lstm[n,t,k])
        i_lstm[t_] = sigmoid(z_lstm[t_])
        if t_ >= 1:
            # z_f_lstm[n,t,k] += sum(l, Uf_lstm[k,l]*h_lstm[n,t-1,l])
            z_f_lstm[t_] += h_lstm[t_ - 1] @ Uf_lstm.T
        # f_lstm[n,t,k] = sigmoid(z_f_lstm[n,t,k])
        f_lstm[t_] = sigmoid(z_f_lstm[t_])
        if t_ >= 1:
            # z_g_lstm[n,t,k] += sum(l, Ug_lstm[k,l]*h_lstm[n,t-1,l])
            z_g_lstm[t_] += h_lstm[t_ - 1] @ Ug_lstm.T
        # g_lstm[n,t,k] = tanh(z_g_lstm[n,t,k])
        g_lstm[t_] = np.tanh(z_g_lstm[t_])
        if t_ >= 1:
            # z_o_lstm[n,t,k] += sum(l, Uo_lstm[k,l]*h_lstm[n,t-1,l])
            z_o_lstm[t_] += h_lstm[t_ - 1] @ Uo_lstm.T
        # o_lstm[n,t,k] = sigmoid(z_o_lstm[n,t,k])
        o_lstm[t_] = sigmoid(z_o_lstm[t_])
        # c_lstm[n,t,k] = f_lstm[n,t,k]*c_lstm[n,t-1,k] + i_lstm[n,t,k]*g_lstm[n,t,k]
        c_lstm[t_] = i_lstm[t_] * g_lstm[t_]
        if t_ >= 1:
            c_lstm[t_] += f_lstm[t_] * c_lstm[t_ - 1]
        # tanh_c_lstm[n,t,k] = tanh(c_lstm[n,t,k])
        tanh_c_lstm[t_] = np.tanh(c_lstm[t_])
        # h_lstm[n,t,k] = o_lstm[n,t,k]*tanh_c_lstm[n,t,k]
        h_lstm[t_] = o_lstm[t_] * tanh_c_lstm[t_]
    # y_lstm[n,t,k] = h_lstm[n,t,k]
    y_lstm = h_lstm.transpose(1, 0, 2)
    # z_out[n,s,i] = sum(j, W_out[i,j]*y_lstm[n,s,j]) + b_out[i]
    z_out = y_lstm @ W_out.T + b_out
    # m[n,s] = max(i, hold(z_out[n,s,i]))
    m = z_out.max(axis=2)
    # exp_z_out[n,j,i] = exp(z_out[n,j,i] - m[n,j])
    exp_z_out = np.exp(z_out - m[:, :, None])
    # s[n,j] = sum(i, exp_z_out[n,j,i])
    s = exp_z_out.sum(axis=2)
    # p[n,j,i] = exp_z_out[n,j,i]/s[n,j]
    p = exp_z_out / s[:, :, None]
    return (
        y_symbols, i_lstm, f_lstm, g_lstm, o_lstm, c_lstm, tanh_c_lstm, h_lstm, y_lstm,
        z_out, m, s, p,
    )


def _evaluate(params, x, t):
    """The objective and what its gradient needs: E, y_symbols, i_lstm, f_lstm,
    g_lstm, o_lstm, c_lstm, tanh_c_lstm, h_lstm, y_lstm, p."""
    (
        y_symbols, i_lstm, f_lstm, g_lstm, o_lstm, c_lstm, tanh_c_lstm, h_lstm, y_lstm,
        z_out, m, s, p,
    ) = _propagate(params, x)
    x = np.asarray(x, dtype=np.intp)
    N = len(x)
    S = x.shape[1]
    t = _places(t, "t", (N, S), 66)
    if N == 0:
        raise ValueError("the batch has 0 rows, and there is nothing to compute")
    # E = sum(n,j, log(s[n,j]) - (z_out[n,j,t[n,j]] - m[n,j]))/(size(n)*size(s))
    E = (
        np.sum(np.log(s) - (z_out[np.arange(N)[:, None], np.arange(S), t] - m))
        / (N * S)
    )
    return (
        E, y_symbols, i_lstm, f_lstm, g_lstm, o_lstm, c_lstm, tanh_c_lstm, h_lstm,
        y_lstm, p,
    )


def forward(params, x, training=False, rng=None):
    """The output z_out, shape (N, S, 66)."""
    return _propagate(params, x)[9]


def probabilities(params, x):
    """The probabilities that the output stands for, shape (N, S, 66)."""
    return _propagate(params, x)[12]


def loss(params, x, t, training=False, rng=None):
    """The objective E = sum(n,j, log(s[n,j]) - (z_out[n,j,t[n,j]] -
    m[n,j]))/(size(n)*size(s))."""
    return float(_evaluate(params, x, t)[0])


def gradients(params, x, t, inputs=False, training=False, rng=None):
    """The objective and its derivative by each parameter: (E, {name: array})."""
    Wi_lstm, Ui_lstm, Wf_lstm = params["Wi_lstm"], params["Ui_lstm"], params["Wf_lstm"]
    Uf_lstm, Wg_lstm, Ug_lstm = params["Uf_lstm"], params["Wg_lstm"], params["Ug_lstm"]
    Wo_lstm, Uo_lstm, W_out = params["Wo_lstm"], params["Uo_lstm"], params["W_out"]
    (
        E, y_symbols, i_lstm, f_lstm, g_lstm, o_lstm, c_lstm, tanh_c_lstm, h_lstm,
        y_lstm, p,
    ) = _evaluate(params, x, t)
    x = np.asarray(x, dtype=np.intp)
    t = np.asarray(t, dtype=np.intp)
    N = len(x)
    S = x.shape[1]
    # dz_out[n,s,i] = p[n,s,i]/(size(n)*size(s))
    # dz_out[n,s,t[n,s]] += -1/(size(n)*size(s))
    dz_out = p / (N * S)
    dz_out[np.arange(N)[:, None], np.arange(S), t] -= 1 / (N * S)
    # dW_out[i,j] = sum(n,s, dz_out[n,s,i]*y_lstm[n,s,j])
    dW_out = np.tensordot(dz_out, y_lstm, axes=([0, 1], [0, 1]))
    # db_out[i] = sum(n,s, dz_out[n,s,i])
    db_out = dz_out.sum(axis=(0, 1))
    # dy_lstm[n,t,k] = sum(i, dz_out[n,t,i]*W_out[i,k])
    dy_lstm = dz_out @ W_out
    # dh_lstm[n,t,k] = dy_lstm[n,t,k]
    dh_lstm = dy_lstm.transpose(1, 0, 2).copy()
    # what a loop walks has that axis first
    dc_lstm = np.zeros((S, N, 64), dtype=DTYPE)
    dz_o_lstm = np.zeros((S, N, 64), dtype=DTYPE)
    dz_g_lstm = np.zeros((S, N, 64), dtype=DTYPE)
    dz_f_lstm = np.zeros((S, N, 64), dtype=DTYPE)
    dz_lstm = np.zeros((S, N, 64), dtype=DTYPE)
    for t_ in reversed(range(S)):
        if t_ + 1 < S:
            # dh_lstm[n,t,k] += sum(i, dz_o_lstm[n,t+1,i]*Uo_lstm[i,k]) + sum(i,
            #     dz_g_lstm[n,t+1,i]*Ug_lstm[i,k]) + sum(i,
            #     dz_f_lstm[n,t+1,i]*Uf_lstm[i,k]) + sum(i,
            #     dz_lstm[n,t+1,i]*Ui_lstm[i,k])
            dh_lstm[t_] += (
                dz_o_lstm[t_ + 1] @ Uo_lstm + dz_g_lstm[t_ + 1] @ Ug_lstm
                + dz_f_lstm[t_ + 1] @ Uf_lstm + dz_lstm[t_ + 1] @ Ui_lstm
            )
        # do_lstm[n,t,k] = dh_lstm[n,t,k]*tanh_c_lstm[n,t,k]
        do_lstm = dh_lstm[t_] * tanh_c_lstm[t_]
        # dc_lstm[n,t,k] = dh_lstm[n,t,k]*o_lstm[n,t,k]*(1 - tanh_c_lstm[n,t,k]**2) +
        #     dc_lstm[n,t+1,k]*f_lstm[n,t+1,k]
        dc_lstm[t_] = dh_lstm[t_] * o_lstm[t_] * (1 - tanh_c_lstm[t_]**2)
        if t_ + 1 < S:
            dc_lstm[t_] += dc_lstm[t_ + 1] * f_lstm[t_ + 1]
        # dg_lstm[n,t,k] = dc_lstm[n,t,k]*i_lstm[n,t,k]
        dg_lstm = dc_lstm[t_] * i_lstm[t_]
        # df_lstm[n,t,k] = dc_lstm[n,t,k]*c_lstm[n,t-1,k]
        df_lstm = (
            dc_lstm[t_] * c_lstm[t_ - 1] if t_ >= 1 else np.zeros((N, 64), dtype=DTYPE)
        )
        # di_lstm[n,t,k] = dc_lstm[n,t,k]*g_lstm[n,t,k]
        di_lstm = dc_lstm[t_] * g_lstm[t_]
        # dz_o_lstm[n,t,k] = do_lstm[n,t,k]*o_lstm[n,t,k]*(1 - o_lstm[n,t,k])
        dz_o_lstm[t_] = do_lstm * o_lstm[t_] * (1 - o_lstm[t_])
        # dz_g_lstm[n,t,k] = dg_lstm[n,t,k]*(1 - g_lstm[n,t,k]**2)
        dz_g_lstm[t_] = dg_lstm * (1 - g_lstm[t_]**2)
        # dz_f_lstm[n,t,k] = df_lstm[n,t,k]*f_lstm[n,t,k]*(1 - f_lstm[n,t,k])
        dz_f_lstm[t_] = df_lstm * f_lstm[t_] * (1 - f_lstm[t_])
        # dz_lstm[n,t,k] = di_lstm[n,t,k]*i_lstm[n,t,k]*(1 - i_lstm[n,t,k])
        dz_lstm[t_] = di_lstm * i_lstm[t_] * (1 - i_lstm[t_])
    # dWo_lstm[k,j] = sum(n,t, dz_o_lstm[n,t,k]*y_symbols[n,t,j])
    dWo_lstm = np.tensordot(dz_o_lstm, y_symbols, axes=([0, 1], [1, 0]))
    # dUo_lstm[k,l] = sum(n,t, dz_o_lstm[n,t,k]*h_lstm[n,t-1,l])
    dUo_lstm = np.tensordot(dz_o_lstm[1:], h_lstm[:S - 1], axes=([0, 1], [0, 1]))
    # dbo_lstm[k] = sum(n,t, dz_o_lstm[n,t,k])
    dbo_lstm = dz_o_lstm.sum(axis=(0, 1))
    # dvo_lstm[k] = dbo_lstm[k]
    dvo_lstm = dbo_lstm.copy()
    # dWg_lstm[k,j] = sum(n,t, dz_g_lstm[n,t,k]*y_symbols[n,t,j])
    dWg_lstm = np.tensordot(dz_g_lstm, y_symbols, axes=([0, 1], [1, 0]))
    # dUg_lstm[k,l] = sum(n,t, dz_g_lstm[n,t,k]*h_lstm[n,t-1,l])
    dUg_lstm = np.tensordot(dz_g_lstm[1:], h_lstm[:S - 1], axes=([0, 1], [0, 1]))
    # dbg_lstm[k] = sum(n,t, dz_g_lstm[n,t,k])
    dbg_lstm = dz_g_lstm.sum(axis=(0, 1))
    # dvg_lstm[k] = dbg_lstm[k]
    dvg_lstm = dbg_lstm.copy()
    # dWf_lstm[k,j] = sum(n,t, dz_f_lstm[n,t,k]*y_symbols[n,t,j])
    dWf_lstm = np.tensordot(dz_f_lstm, y_symbols, axes=([0, 1], [1, 0]))
    # dUf_lstm[k,l] = sum(n,t, dz_f_lstm[n,t,k]*h_lstm[n,t-1,l])
    dUf_lstm = np.tensordot(dz_f_lstm[1:], h_lstm[:S - 1], axes=([0, 1], [0, 1]))
    # dbf_lstm[k] = sum(n,t, dz_f_lstm[n,t,k])
    dbf_lstm = dz_f_lstm.sum(axis=(0, 1))
    # dvf_lstm[k] = dbf_lstm[k]
    dvf_lstm = dbf_lstm.copy()
    # dWi_lstm[k,j] = sum(n,t, dz_lstm[n,t,k]*y_symbols[n,t,j])
    dWi_lstm = np.tensordot(dz_lstm, y_symbols, axes=([0, 1], [1, 0]))
    # dUi_lstm[k,l] = sum(n,t, dz_lstm[n,t,k]*h_lstm[n,t-1,l])
    dUi_lstm = np.tensordot(dz_lstm[1:], h_lstm[:S - 1], axes=([0, 1], [0, 1]))
    # dbi_lstm[k] = sum(n,t, dz_lstm[n,t,k])
    dbi_lstm = dz_lstm.sum(axis=(0, 1))
    # dvi_lstm[k] = dbi_lstm[k]
    dvi_lstm = dbi_lstm.copy()
    # dy_symbols[n,s,i] = sum(k, dz_o_lstm[n,s,k]*Wo_lstm[k,i]) + sum(k,
    #     dz_g_lstm[n,s,k]*Wg_lstm[k,i]) + sum(k, dz_f_lstm[n,s,k]*Wf_lstm[k,i]) +
    #     sum(k, dz_lstm[n,s,k]*Wi_lstm[k,i])
    dy_symbols = (
        dz_o_lstm @ Wo_lstm + dz_g_lstm @ Wg_lstm + dz_f_lstm @ Wf_lstm
        + dz_lstm @ Wi_lstm
    ).transpose(1, 0, 2)
    # dW_symbols[x[n,s],j] += dy_symbols[n,s,j]
    dW_symbols = np.zeros((66, 24), dtype=DTYPE)
    np.add.at(dW_symbols, (x,), dy_symbols)
    gradient = {
        "W_symbols": dW_symbols,
        "Wi_lstm": dWi_lstm,
        "Ui_lstm": dUi_lstm,
        "bi_lstm": dbi_lstm,
        "vi_lstm": dvi_lstm,
        "Wf_lstm": dWf_lstm,
        "Uf_lstm": dUf_lstm,
        "bf_lstm": dbf_lstm,
        "vf_lstm": dvf_lstm,
        "Wg_lstm": dWg_lstm,
        "Ug_lstm": dUg_lstm,
        "bg_lstm": dbg_lstm,
        "vg_lstm": dvg_lstm,
        "Wo_lstm": dWo_lstm,
        "Uo_lstm": dUo_lstm,
        "bo_lstm": dbo_lstm,
        "vo_lstm": dvo_lstm,
        "W_out": dW_out,
        "b_out": db_out,
    }
    return float(E), gradient


def init_step(params, batch=1):
    """The state before the first place of a sequence, for `step`."""
    return {
        "h_lstm": np.zeros((batch, 64), dtype=DTYPE),
        "c_lstm": np.zeros((batch, 64), dtype=DTYPE),
    }


def step(params, state, x):
    """One place of a sequence: the output z_out, shape (N, 66), and the state for
    the next one."""
    W_symbols, Wi_lstm = params["W_symbols"], params["Wi_lstm"]
    Ui_lstm, bi_lstm, vi_lstm = params["Ui_lstm"], params["bi_lstm"], params["vi_lstm"]
    Wf_lstm, Uf_lstm, bf_lstm = params["Wf_lstm"], params["Uf_lstm"], params["bf_lstm"]
    vf_lstm, Wg_lstm, Ug_lstm = params["vf_lstm"], params["Wg_lstm"], params["Ug_lstm"]
    bg_lstm, vg_lstm, Wo_lstm = params["bg_lstm"], params["vg_lstm"], params["Wo_lstm"]
    Uo_lstm, bo_lstm, vo_lstm = params["Uo_lstm"], params["bo_lstm"], params["vo_lstm"]
    W_out, b_out = params["W_out"], params["b_out"]
    x = _places(x, "x", ("N",), 66)
    N = len(x)
    h_lstm_before = _array(state["h_lstm"], "state h_lstm", (N, 64))
    c_lstm_before = _array(state["c_lstm"], "state c_lstm", (N, 64))
    # y_symbols[n,i] = W_symbols[x[n],i]
    y_symbols = W_symbols[x]
    # z_lstm[n,k] = sum(j, Wi_lstm[k,j]*y_symbols[n,j]) + bi_lstm[k] + vi_lstm[k] +
    #     sum(l, Ui_lstm[k,l]*h_lstm_before[n,l])
    z_lstm = y_symbols @ Wi_lstm.T + (bi_lstm + vi_lstm) + h_lstm_before @ Ui_lstm.T
    # i_lstm[n,k] = sigmoid(z_lstm[n,k])
    i_lstm = sigmoid(z_lstm)
    # z_f_lstm[n,k] = sum(j, Wf_lstm[k,j]*y_symbols[n,j]) + bf_lstm[k] + vf_lstm[k] +
    #     sum(l, Uf_lstm[k,l]*h_lstm_before[n,l])
    z_f_lstm = y_symbols @ Wf_lstm.T + (bf_lstm + vf_lstm) + h_lstm_before @ Uf_lstm.T
    # f_lstm[n,k] = sigmoid(z_f_lstm[n,k])
    f_lstm = sigmoid(z_f_lstm)
    # z_g_lstm[n,k] = sum(j, Wg_lstm[k,j]*y_symbols[n,j]) + bg_lstm[k] + vg_lstm[k] +
    #     sum(l, Ug_lstm[k,l]*h_lstm_before[n,l])
    z_g_lstm = y_symbols @ Wg_lstm.T + (bg_lstm + vg_lstm) + h_lstm_before @ Ug_lstm.T
    # g_lstm[n,k] = tanh(z_g_lstm[n,k])
    g_lstm = np.tanh(z_g_lstm)
    # z_o_lstm[n,k] = sum(j, Wo_lstm[k,j]*y_symbols[n,j]) + bo_lstm[k] + vo_lstm[k] +
    #     sum(l, Uo_lstm[k,l]*h_lstm_before[n,l])
    z_o_lstm = y_symbols @ Wo_lstm.T + (bo_lstm + vo_lstm) + h_lstm_before @ Uo_lstm.T
    # o_lstm[n,k] = sigmoid(z_o_lstm[n,k])
    o_lstm = sigmoid(z_o_lstm)
    # c_lstm[n,k] = f_lstm[n,k]*c_lstm_before[n,k] + i_lstm[n,k]*g_lstm[n,k]
    c_lstm = f_lstm * c_lstm_before + i_lstm * g_lstm
    # h_lstm[n,k] = o_lstm[n,k]*tanh(c_lstm[n,k])
    h_lstm = o_lstm * np.tanh(c_lstm)
    # y_lstm[n,k] = h_lstm[n,k]
    y_lstm = h_lstm
    # z_out[n,i] = sum(j, W_out[i,j]*y_lstm[n,j]) + b_out[i]
    z_out = y_lstm @ W_out.T + b_out
    return z_out, {"h_lstm": h_lstm, "c_lstm": c_lstm}


def init_state(params):
    """The optimiser's state: hyper-parameters, and its memory of each parameter."""
    return {
        **HYPERPARAMETERS,
        "step": 0,
        "m": {name: np.zeros_like(params[name]) for name in PARAMETERS},
        "v": {name: np.zeros_like(params[name]) for name in PARAMETERS},
    }


def train_step(params, state, x, t, rng=None):
    """One update of the parameters, in place; returns the loss before it."""
    value, gradient = gradients(params, x, t)
    learning_rate, beta1, beta2 = state["learning_rate"], state["beta1"], state["beta2"]
    eps, step = state["eps"], state["step"]
    # next(step) = step + 1
    step = state["step"] = step + 1
    # c1 = 1 - beta1**next(step)
    c1 = 1 - beta1 ** step
    # c2 = 1 - beta2**next(step)
    c2 = 1 - beta2 ** step
    for name, g in gradient.items():  # w is params[name]
        m, v = state["m"][name], state["v"][name]
        # next(m)[...] = beta1*m[...] + (1 - beta1)*g[...]
        m = beta1 * m + (1 - beta1) * g
        # next(v)[...] = beta2*v[...] + (1 - beta2)*g[...]**2
        v = beta2 * v + (1 - beta2) * g**2
        # next(w)[...] = w[...] - learning_rate*next(m)[...]/c1/(sqrt(next(v)[...]/c2) +
        #     eps)
        params[name] -= learning_rate * m / (c1 * (np.sqrt(v / c2) + eps))
        state["m"][name], state["v"][name] = m, v
    return value


# ----------------------------------------------------------------------------
# The estimator and the command line. There is no mathematics below this line.
# ----------------------------------------------------------------------------

_INPUTS = {"x": ("S",)}
_TARGETS = {"t": ("S",)}
_WHOLE = ["x", "t"]  # those that are whole numbers
_CLASSES = 66
_LABEL_SHAPE = ("S",)  # the shape of one sample's labels
_SCORES = probabilities  # what predictions are made of
_CHUNK = 1024  # so many samples at once go through the model in `predict`
_SETTINGS = {  # what `Model` can be told, and what each means
    "epochs": "passes over the data",
    "batch_size": "samples per update",
    "learning_rate": "the optimiser's learning rate",
    "beta1": "the optimiser's beta1",
    "beta2": "the optimiser's beta2",
    "eps": "the optimiser's eps",
    "validation": "the share of the samples that is held out",
    "patience": "stop after so many epochs without a lower loss and keep the best",
    "seed": "decides parameters, order and draws",
    "verbose": "show progress on standard error",
}


class Model:
    """The model lstm_text, to be trained on samples and kept in a file.

    It keeps scikit-learn's conventions without importing it.
    `x` is an array of whole numbers of shape (samples, S). `t` holds labels of any
    kind, in shape (samples, S). A first `partial_fit` may name all of them in
    `classes`.

    What is learned ends in an underscore: `params_`, `state_` (the optimiser's),
    `history_` (the losses by epoch), `classes_` (the labels in order), `rng_`.
    """

    _estimator_type = "classifier"  # for scikit-learn before 1.6

    def __init__(
        self,
        *,
        epochs=100,
        batch_size=32,
        learning_rate=0.01,
        beta1=0.9,
        beta2=0.999,
        eps=1e-08,
        validation=0.0,
        patience=None,
        seed=0,
        verbose=False,
    ):
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.beta1 = beta1
        self.beta2 = beta2
        self.eps = eps
        self.validation = validation
        self.patience = patience
        self.seed = seed
        self.verbose = verbose

    def __repr__(self):
        settings = ", ".join(f"{k}={v!r}" for k, v in self.get_params().items())
        return f"Model({settings})"

    def get_params(self, deep=True):
        """The settings by name."""
        return {name: getattr(self, name) for name in _SETTINGS}

    def set_params(self, **settings):
        """Change some settings; what was learned stays."""
        for name, value in settings.items():
            if name not in _SETTINGS:
                known = ", ".join(_SETTINGS)
                wrong = _brief(repr(name))
                raise ValueError(f"there is no setting {wrong}, only {known}")
            setattr(self, name, value)
        return self

    def __sklearn_tags__(self):
        """What scikit-learn asks each estimator; nothing else calls this."""
        return _sklearn_tags(self._estimator_type)

    def fit(self, x, t, *, after_epoch=None):
        """Train anew for `epochs` epochs; `after_epoch(self)` is called after each."""
        inputs, targets = self._checked(x, t)
        self._begin(inputs, targets)
        return self._train(self._prepared(inputs, targets), after_epoch)

    def resume(self, x, t, *, after_epoch=None):
        """Go on with a `fit` that was interrupted, up to `epochs` epochs in all."""
        self._check_fitted()
        arrays = self._prepared(*self._checked(x, t))
        return self._train(arrays, after_epoch)

    def partial_fit(self, x, t, classes=None):
        """Train for one epoch more, without forgetting."""
        inputs, targets = self._checked(x, t)
        if not hasattr(self, "params_"):
            self._begin(inputs, targets, classes)
        loss_before = self._epoch(self._prepared(inputs, targets))
        self.history_["loss"].append(loss_before)
        return self

    def _begin(self, inputs, targets, classes=None):
        """Set all that is learned to what it is before the first epoch."""
        labels = targets[0] if classes is None else list(classes)
        self.classes_ = _classes_of(labels)
        self.params_ = init_params(self.seed)
        self.state_ = init_state(self.params_)
        for name in HYPERPARAMETERS:
            self.state_[name] = float(getattr(self, name))
        self.rng_ = np.random.default_rng(self.seed)
        self.history_ = {"loss": []}
        self.best_params_ = {}

    def _prepared(self, inputs, targets):
        """The arrays as `train_step` takes them."""
        targets = [_encoded(_codes(targets[0], self.classes_)), *targets[1:]]
        return inputs + targets

    def _train(self, arrays, after_epoch):
        """Epoch after epoch, until all are done or patience has run out."""
        arrays, held_out = _split(arrays, self.validation, self.seed)
        losses = self.history_["loss"]

        def shown():
            part = held_out or [a[:_CHUNK] for a in arrays]
            scores = self._scores(part[: len(_INPUTS)])
            return _measures(scores, part[len(_INPUTS)])

        try:
            while self._has_patience() and len(losses) < self.epochs:
                loss_before = self._epoch(arrays)
                if held_out:
                    checks = self.history_.setdefault("validation_loss", [])
                    checks.append(self._finite(self._mean_loss(held_out)))
                losses.append(loss_before)
                if self.verbose:
                    _show_progress(self.epochs, self.history_, shown)
                if after_epoch is not None:
                    after_epoch(self)
        finally:
            if self.verbose and _on_terminal():
                _tell("")
        if self.best_params_:
            self.params_ = {k: v.copy() for k, v in self.best_params_.items()}
        return self

    @np.errstate(all="ignore")  # `_finite` tells what went wrong
    def _epoch(self, arrays):
        """One pass over the data, samples in a new order; the mean loss met."""
        count = len(arrays[0])
        order = self.rng_.permutation(count)
        total = 0.0
        for start in range(0, count, self.batch_size):
            rows = order[start : start + self.batch_size]
            batch = [array[rows] for array in arrays]
            value = train_step(self.params_, self.state_, *batch, rng=self.rng_)
            total += _amount(batch) * value
        return self._finite(total / _amount(arrays))

    def _finite(self, value):
        """The loss as a float, or the end of a training that has diverged."""
        if not np.isfinite(value):
            epoch = len(self.history_["loss"]) + 1
            message = f"the loss became {value} in epoch {epoch}"
            message += f": try a smaller learning_rate than {self.learning_rate}"
            raise FloatingPointError(message)
        return float(value)

    def _has_patience(self):
        """Whether to go on; on the way, the parameters of the best epoch are kept."""
        losses = self.history_.get("validation_loss", self.history_["loss"])
        if self.patience is None or not losses:
            return True
        since_best = len(losses) - 1 - losses.index(min(losses))
        if since_best == 0:
            self.best_params_ = {k: v.copy() for k, v in self.params_.items()}
        return since_best < self.patience

    def predict(self, x):
        """The most probable label of each sample."""
        output = self._output(x)  # refuses a model that isn't fitted
        return self.classes_[_picked(output)]

    def predict_proba(self, x):
        """The probabilities of the labels, in the order of `classes_`."""
        scores = self._output(x)
        return scores

    def _output(self, x):
        """What the model makes of the inputs."""
        self._check_fitted()
        inputs = self._inputs(x)
        return self._scores(inputs)

    def _scores(self, inputs):
        """The same of inputs that are scaled already."""
        parts = []
        for start in range(0, len(inputs[0]), _CHUNK):
            chunk = [array[start : start + _CHUNK] for array in inputs]
            parts.append(_SCORES(self.params_, *chunk))
        return np.concatenate(parts)

    def score(self, x, t):
        """The accuracy: the share of labels that `predict` gets right."""
        predicted = self.predict(x)
        _, targets = self._checked(x, t)
        codes = _codes(targets[0], self.classes_)  # refuses a label never met
        weights = np.ones(len(codes))
        return _accuracy(codes, predicted == targets[0], weights)

    def mean_loss(self, x, t):
        """The loss on these data, in mini-batches as in training."""
        self._check_fitted()
        return self._mean_loss(self._prepared(*self._checked(x, t)))

    @np.errstate(all="ignore")
    def _mean_loss(self, arrays):
        """The mean over mini-batches, each by what its samples count."""
        total = 0.0
        for start in range(0, len(arrays[0]), self.batch_size):
            batch = [array[start : start + self.batch_size] for array in arrays]
            total += _amount(batch) * loss(self.params_, *batch)
        return float(total / _amount(arrays))

    def save(self, path):
        """Write the settings and all that was learned to one .npz file."""
        self._check_fitted()
        learned = {k: v for k, v in vars(self).items() if k.endswith("_")}
        learned["rng_"] = self.rng_.bit_generator.state
        _save(path, self.get_params(), learned)

    @classmethod
    def load(cls, path):
        """The model that `save` wrote to `path`, once the whole file is in order."""
        model = cls()
        settings, learned = _read_saved(path, model.get_params())
        vars(model).update(settings, **learned)
        return model

    def _check_fitted(self):
        """Refuse what needs parameters before there are any."""
        if not hasattr(self, "params_"):
            raise ValueError("this Model isn't fitted yet: call fit or load first")

    def _inputs(self, x):
        """The inputs as arrays, the columns of a table in the order of training."""
        return _arrays(x, _INPUTS)

    def _checked(self, x, t):
        """The inputs, and the targets with their weights, once all is in order."""
        _check_settings(self.get_params())
        inputs = self._inputs(x)
        targets = [_labels(t)]
        if len(inputs[0]) != len(targets[0]):
            raise ValueError(f"x has {len(inputs[0])} samples, t has {len(targets[0])}")
        return inputs, targets


def _check_settings(settings):
    """Refuse settings that make no sense."""
    least = {"epochs": 0, "batch_size": 1, "patience": 1, "seed": 0}  # whole numbers
    for name, value in settings.items():
        whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        number = whole or isinstance(value, (float, np.floating))
        if name in ("standardize", "verbose"):
            fits = isinstance(value, (bool, np.bool_))
            wrong = "neither True nor False"
        elif name in least:
            fits = whole and value >= least[name]
            wrong = f"not a whole number from {least[name]} up"
        elif name == "validation":
            fits = number and 0 <= value < 1
            wrong = "not a finite number from 0 to less than 1"
        else:
            fits = number and 0 <= value < np.inf
            wrong = "not a finite number from 0 up"
        if not fits and not (name == "patience" and value is None):
            raise ValueError(f"{name}={_brief(repr(value))} is {wrong}")


def _sklearn_tags(role):
    """What an estimator of this role tells scikit-learn."""
    utils = sys.modules["sklearn.utils"]
    tags = utils.Tags(
        estimator_type=role,
        target_tags=utils.TargetTags(required=bool(_TARGETS)),
    )
    tags.classifier_tags = utils.ClassifierTags(multi_class=_CLASSES > 2)
    return tags


def _arrays(given, shapes):
    """One checked array for each name; for several, from a tuple or from a table."""
    return [_checked_array(name, shape, given) for name, shape in shapes.items()]


def _checked_array(name, shape, given):
    """One array of numbers, none missing, of the shape that the model takes."""
    try:
        if isinstance(given, np.ma.MaskedArray) or np.iscomplexobj(given):
            raise TypeError("none of them may be complex or masked")
        array = np.asarray(given, np.float64 if name in _WHOLE else DTYPE)
    except (TypeError, ValueError) as error:
        reason = _uneven(given) or _brief(error, 200)
        raise ValueError(f"{name} must hold numbers: {reason}") from None
    flat = array.ndim in (1, 2) and not any(isinstance(e, str) for e in shape)
    if flat and array.size == len(array) * int(np.prod(shape)):  # rows of a table
        array = array.reshape(len(array), *shape)
    shape = ("samples", *shape)
    array = _array(array, name, shape, dtype=None)
    if array.size == 0:
        raise ValueError(f"{name} is empty")
    if not np.isfinite(array).all():
        place = tuple(np.argwhere(~np.isfinite(array))[0].tolist())
        raise ValueError(f"{name} holds NaN or infinity, first at {place}")
    if name in _WHOLE:
        return _integers(array, name, shape)
    return array


def _uneven(given):
    """How far the lengths of rows differ, in words; nothing where they don't."""
    if not isinstance(given, (list, tuple)):
        return ""
    rows = (list, tuple, np.ndarray)
    sizes = {len(row) if isinstance(row, rows) else 0 for row in given}
    if len(sizes) > 1:
        return f"its rows have from {min(sizes)} to {max(sizes)} entries"
    return next(filter(None, map(_uneven, given)), "")


def _amount(arrays):
    """What some samples count together."""
    return len(arrays[0])


def _split(arrays, validation, seed):
    """The samples to train on and those held out, the same for the same seed."""
    if not validation:
        return arrays, []
    count = len(arrays[0])
    held = max(1, round(validation * count))
    if held >= count:
        raise ValueError(
            f"validation={validation} of {count} leaves nothing to train on"
        )
    order = np.random.default_rng([seed, 1]).permutation(count)
    return [a[order[held:]] for a in arrays], [a[order[:held]] for a in arrays]


def _labels(given):
    """The labels as an array of text, whole numbers or truth values, none missing."""
    if isinstance(given, np.ma.MaskedArray) or np.iscomplexobj(given):
        raise ValueError("t must hold labels, none of them complex or masked")
    labels = np.asarray(given)
    if any(label is None or label != label for label in labels.ravel().tolist()):
        raise ValueError("t: a label is missing")
    if labels.dtype.kind not in "biufUS":
        labels = np.array(labels.tolist())  # objects: text or numbers after all
    if labels.size == 0:
        raise ValueError("t is empty")
    return _array(labels, "t", ("samples", *_LABEL_SHAPE), dtype=None)


def _classes_of(labels):
    """The labels in order; small whole numbers may leave some of the classes out."""
    classes = np.unique(labels)
    if classes.dtype.kind in "iu" and classes[0] >= 0 and classes[-1] < _CLASSES:
        return np.arange(_CLASSES)
    if len(classes) != _CLASSES:
        raise ValueError(
            f"the model tells {_CLASSES} classes apart, "
            f"t has {len(classes)} label{'s' * (len(classes) != 1)}"
        )
    return classes


def _codes(labels, classes):
    """The place of each label among the classes."""
    places = {label: place for place, label in enumerate(classes.tolist())}
    unknown = set(labels.ravel().tolist()) - places.keys()
    if unknown:
        first = _brief(repr(min(unknown, key=str)))
        raise ValueError(f"t holds an unknown label: {first}")
    codes = [places[label] for label in labels.ravel().tolist()]
    return np.array(codes).reshape(labels.shape)


def _encoded(codes):
    """The numbers of labels as the loss takes them."""
    return codes


def _picked(scores):
    """The number of the label that each score speaks for."""
    codes = scores.argmax(axis=-1)
    return codes


def _confusion(codes, picked):
    """How often the label in a row was taken for that in a column."""
    table = np.zeros((_CLASSES, _CLASSES), dtype=int)
    codes, picked = codes.ravel(), picked.ravel()
    np.add.at(table, (codes, picked), 1)
    return table


def _rates(table):
    """Precision, recall and F1 of each label; 0 where there is nothing to divide by."""
    right = np.diag(table)
    told, there = np.maximum(table.sum(axis=0), 1), np.maximum(table.sum(axis=1), 1)
    both = np.maximum(table.sum(axis=0) + table.sum(axis=1), 1)
    return right / told, right / there, 2 * right / both


def _macro_f1(table):
    """The mean of F1 over the labels that occur."""
    occurs = table.sum(axis=1) > 0
    return float(_rates(table)[2][occurs].mean()) if occurs.any() else 0.0


def _accuracy(codes, right, weights):
    """The share of labels that are right, each by what its sample counts."""
    counts = (np.ones(codes.shape).T * weights).T
    return float(np.average(right, weights=counts))


def _measures(scores, target):
    """How good scores are by a target as `train_step` takes it."""
    picked = _picked(scores)
    codes = target
    table = _confusion(codes, picked)
    right = np.trace(table) / max(table.sum(), 1)
    return {"accuracy": float(right), "f1": _macro_f1(table)}


def _class_lines(labels, table):
    """A line for each label, and where they fit what it was taken for."""
    names = [_brief(label, 20) for label in labels]
    first = max(map(len, [*names, "label"]))
    most = max((79 - first - 36) // len(names) - 2, 0)  # so wide can a column be
    least = len(str(table.max()))
    wide = [max(min(len(name), most), least) for name in names]
    shows = most >= max(least, 3)
    head = f"{'label':<{first}}  precision  recall     f1  count"
    if shows:
        head += " |" + "".join(f"  {name[:w]:>{w}}" for name, w in zip(names, wide))
    lines = [head]
    for k, (name, *rates) in enumerate(zip(names, *_rates(table))):
        precision, recall, f1 = rates
        line = f"{name:<{first}}  {precision:9.3f}  {recall:6.3f}  {f1:5.3f}"
        line += f"  {table[k].sum():5}"
        if shows:
            line += " |" + "".join(f"  {n:>{w}}" for n, w in zip(table[k], wide))
        lines.append(line)
    return lines


# what the command line keeps of the table that it has read
_OF_TABLES = ("feature_names_in_", "target_names_", "columns_", "fills_")


def _save(path, settings, learned):
    """Write a model: its arrays by path, and all else as text."""
    arrays = {}
    packed = _pack(learned, arrays)
    about = {"name": NAME, "settings": settings, "learned": packed}
    text = json.dumps(about, default=lambda scalar: scalar.item())
    _replace_file(path, lambda file: np.savez(file, about=text, **arrays))


def _read_saved(path, settings):
    """The settings in a file, in place of these, and what was learned."""
    if not os.path.exists(path):
        message = f"there is no file {_brief(path)}; save a model first"
        raise FileNotFoundError(message)
    arrays = _load_arrays(path)
    try:
        about = _read_about(arrays)
        for name in about["settings"]:
            if name not in settings:
                raise ValueError(f"there is no setting {_brief(repr(name))}")
        settings = {**settings, **about["settings"]}
        _check_settings(settings)
        learned = _unpack(about["learned"], arrays)
        _check_learned(learned)
    except ValueError as error:
        message = f"{_brief(path)} holds no model of {NAME}: {error}"
        raise ValueError(message) from None
    return settings, learned


def _read_about(arrays):
    """The text beside the arrays, as nested dictionaries."""
    if "about" not in arrays:
        raise ValueError("there is no 'about'")
    try:
        about = json.loads(str(arrays.pop("about")))
    except (RecursionError, ValueError):
        raise ValueError("its text 'about' is not JSON") from None
    for name, kind in (("name", str), ("settings", dict), ("learned", dict)):
        if not isinstance(about, dict) or not isinstance(about.get(name), kind):
            raise ValueError(f"there is no '{name}'")
    if about["name"] != NAME:
        raise ValueError(f"it holds the model {_brief(about['name'])}")
    return dict(about)


def _pack(tree, arrays, prefix=""):
    """Nested dictionaries without their arrays, which move into `arrays` by path."""
    packed = {}
    for name, value in tree.items():
        packed[name] = value
        if isinstance(value, dict):
            packed[name] = _pack(value, arrays, f"{prefix}{name}/")
        elif isinstance(value, (np.ndarray, np.generic)):
            arrays[prefix + name] = value
            packed[name] = None  # keeps the place of `name` among the others
    return packed


def _unpack(packed, arrays):
    """What `_pack` took apart, put together again."""
    for path, array in arrays.items():
        *parents, name = path.split("/")
        tree = packed
        for parent in parents:
            tree = tree.get(parent) if isinstance(tree, dict) else None
        if not isinstance(tree, dict) or tree.get(name, "") is not None:
            raise ValueError(f"there is no place for the array {_brief(repr(path))}")
        tree[name] = array
    return packed


def _check_learned(learned):
    """Refuse what `fit` can't have set, by what it sets in the beginning."""
    params = init_params()
    names = ["params_", "state_", "rng_", "history_", "best_params_"]
    names.append("classes_")
    for name in names:
        if name not in learned:
            raise ValueError(f"there is no {name}")
    for name in learned:
        if name not in (*names, *_OF_TABLES):
            raise ValueError(f"it holds {_brief(repr(name))}, which no model does")
    _check_like("params_", learned["params_"], params)
    _check_like("state_", learned["state_"], init_state(params))
    _check_like("best_params_", learned["best_params_"], params, may_be_empty=True)
    _check_history(learned["history_"])
    learned["rng_"] = _generator(learned["rng_"])
    _check_classes(learned["classes_"])


def _check_like(path, found, wanted, may_be_empty=False):
    """Refuse what isn't of the same make: names, shapes and kinds of numbers."""
    if isinstance(wanted, dict):
        if may_be_empty and isinstance(found, dict) and not found:
            return
        if not isinstance(found, dict) or found.keys() != wanted.keys():
            raise ValueError(f"{path} has not the entries {_listed([*wanted])}")
        for name, value in wanted.items():
            _check_like(f"{path}/{name}", found[name], value)
    elif isinstance(wanted, np.ndarray):
        if not isinstance(found, np.ndarray):
            raise ValueError(f"{path} is no array of shape {wanted.shape}")
        if (found.shape, found.dtype) != (wanted.shape, wanted.dtype):
            given, right = (f"{a.dtype}{a.shape}" for a in (found, wanted))
            raise ValueError(f"{path} is {_brief(given)}, not {right}")
        if not np.isfinite(found).all():
            raise ValueError(f"{path} holds NaN or infinity")
    elif not _is_number(found):
        raise ValueError(f"{path} is no number")


def _is_number(value):
    """Whether it is one finite number, by itself or as an array."""
    if isinstance(value, np.ndarray):
        if value.shape != () or value.dtype.kind not in "iuf":
            return False
        value = value.item()
    return type(value) in (int, float) and abs(value) <= np.finfo(np.float64).max


def _check_history(history):
    """Refuse what isn't a list of losses, or two of them."""
    names = history.keys() if isinstance(history, dict) else set()
    if not {"loss"} <= names <= {"loss", "validation_loss"}:
        raise ValueError("history_ is not that of a loss")
    for name, losses in history.items():
        if not isinstance(losses, list) or not all(map(_is_number, losses)):
            raise ValueError(f"history_/{name} is no list of numbers")


def _generator(state):
    """The generator of random numbers that was in this state."""
    rng = np.random.default_rng()
    try:
        rng.bit_generator.state = state
    except Exception:  # whatever NumPy makes of it
        raise ValueError("rng_ is not the state of a generator") from None
    return rng


def _check_classes(classes):
    """Refuse what isn't as many labels as there are classes, in order."""
    if not isinstance(classes, np.ndarray) or classes.dtype.kind not in "biufUS":
        raise ValueError("classes_ is no array of labels")
    if classes.shape != (_CLASSES,):
        raise ValueError(f"classes_ has shape {_brief(classes.shape)}")
    if not np.array_equal(np.unique(classes), classes):
        raise ValueError("classes_ are not different labels in order")


def _load_arrays(path):
    """The arrays of an .npz file by name; nothing in it is ever run."""
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)
    except Exception as error:  # whatever NumPy and zipfile make of other bytes
        if isinstance(error, OSError) and error.filename:
            raise
        raise ValueError(f"{_brief(path)} is not an .npz file of arrays") from None


def _replace_file(path, write):
    """Write a file all or nothing: beside it, down to the disk, then in its place."""
    _check_place(path)
    beside = os.path.join(os.path.dirname(path), f".{os.urandom(8).hex()}.part")
    try:
        with open(beside, "xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(path):
            os.chmod(beside, os.stat(path).st_mode & 0o7777)
        os.replace(beside, path)
    except OSError as error:
        reason = error.strerror or error
        raise ValueError(f"{_brief(path)} can't be written: {reason}") from None
    finally:
        if os.path.exists(beside):
            os.remove(beside)


def _check_place(path):
    """Refuse to write where no file can be, and through a link or a pipe."""
    folder, is_there = os.path.dirname(path) or ".", os.path.lexists(path)
    reasons = {
        f"there is no folder {_brief(folder)}": not os.path.isdir(folder),
        "it is a folder": os.path.isdir(path),
        "it is a link": os.path.islink(path),
        "it is no file": is_there and not os.path.isfile(path),
        "it is read-only": is_there and not os.access(path, os.W_OK),
        "its folder is read-only": not os.access(folder, os.W_OK),
    }
    for reason, holds in reasons.items():
        if holds:
            raise ValueError(f"{_brief(path)} can't be written: {reason}")


def _brief(value, room=120):
    """A value in words, without its middle where that is long."""
    text = str(value)
    half = (room - 5) // 2
    return text if len(text) <= room else f"{text[:half]} ... {text[-half:]}"


def _listed(names):
    """Names in a row, the first few of many."""
    shown = [_brief(name, 24) for name in names[:6]]
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return ", ".join(shown) + more


def _show_progress(epochs, history, measures):
    """A line that changes in place on a terminal, about ten lines elsewhere."""
    epoch = len(history["loss"])
    told = epoch in (1, epochs) or epoch % max(1, epochs // 10) == 0
    if not (told or _on_terminal()):
        return
    line = f"epoch {epoch}/{epochs}"
    for name, values in history.items():
        line += f"  {name.replace('_', ' ')} {values[-1]:.6g}"
    for name, value in measures().items():
        line += f"  {name} {value:.3f}"
    if _on_terminal():
        _tell("\r" + line.ljust(78), end="")
    else:
        _tell(line)


def _on_terminal():
    """Whether standard error is a terminal; it may be closed."""
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):
        return False


def _tell(line, end="\n"):
    """Print on standard error; that nobody reads it any more stops nothing."""
    if sys.stderr is None:
        return
    # no terminal is to take it for a command
    shown = "".join(c if c.isprintable() or c == "\r" else "?" for c in line)
    try:
        print(shown, end=end, file=sys.stderr, flush=True)
    except (OSError, ValueError):
        sys.stderr = io.StringIO()


def _read_data(model, options, with_targets=True):
    """What `fit` or, without targets, `predict` takes, from arrays or from a table."""
    path = options.data
    data = {}
    if path.endswith(".npz"):
        arrays = _load_arrays(path)
        data["x"] = _named_arrays(path, arrays, _INPUTS)
        if with_targets:
            data["t"] = _named_arrays(path, arrays, _TARGETS)
        return data
    raise ValueError(f"{_brief(path)} is not an .npz file")


def _named_arrays(path, arrays, names):
    """The arrays of these names: one, or a tuple of them."""
    for name in names:
        if name not in arrays:
            raise ValueError(f"{_brief(path)} holds no array {name!r}")
    chosen = tuple(arrays[name] for name in names)
    return chosen if len(chosen) > 1 else chosen[0]


def _train_command(options):
    """Fit a model and save it."""
    _check_place(options.output)
    _check_overwrites(options)
    if not (options.resume or options.force) and os.path.exists(options.output):
        shown = _brief(options.output)
        advice = "--resume goes on with it, --force trains anew"
        raise ValueError(f"{shown} is there: {advice}, -o names another")
    given = {k: v for k, v in vars(options).items() if v is not None}
    settings = {name: given[name] for name in _SETTINGS if name in given}
    resumes = options.resume and os.path.exists(options.output)
    if resumes:
        model = Model.load(options.output)
        _refuse_changes(model, options, settings)
        if "learning_rate" in settings:
            model.state_["learning_rate"] = settings["learning_rate"]
    else:
        model = Model()
    model.set_params(**settings)
    model.verbose = not options.quiet
    if options.resume and model.verbose:
        _tell(_where_it_begins(model, options.output))
    data = _read_data(model, options)

    def checkpoint(model):
        every = options.checkpoint_every
        if every and len(model.history_["loss"]) % every == 0:
            model.save(options.output)

    train = model.resume if resumes else model.fit
    train(**data, after_epoch=checkpoint)
    model.save(options.output)
    if model.verbose:
        _tell(f"saved {options.output}")


def _where_it_begins(model, path):
    """Where a training that is to be resumed begins, in words."""
    done = len(model.history_["loss"]) if hasattr(model, "history_") else 0
    if not done:
        return f"there is no {_brief(path)} yet: training begins"
    if done >= model.epochs:
        return f"all {done} epochs are done: nothing to do; --epochs asks for more"
    return f"{done} of {model.epochs} epochs are done: training goes on"


def _check_overwrites(options):
    """Refuse to write over what is read."""
    for path in (getattr(options, "data", None), getattr(options, "model", None)):
        if path and options.output and os.path.exists(options.output):
            if os.path.exists(path) and os.path.samefile(path, options.output):
                raise ValueError(f"{_brief(path)} is read: name another file with -o")


def _refuse_changes(model, options, settings):
    """A training that is resumed keeps all but the learning rate and the epochs."""
    asked = {**settings, "epochs": None, "learning_rate": None}
    for name, value in asked.items():
        kept = getattr(model, name, value)
        if isinstance(kept, dict):
            kept = [*kept]
        if value is not None and value != kept:
            plain = name.strip("_")
            message = f"--resume keeps {plain}={_brief(kept)}"
            raise ValueError(f"{message}; it can't be {_brief(value)}")


def _predict_command(options):
    """Write what the model predicts, as CSV or, to an .npz file, as arrays."""
    _check_overwrites(options)
    model = Model.load(options.model)
    data = _read_data(model, options, with_targets=False)
    results = {"prediction": model.predict(**data)}
    results["probability"] = model.predict_proba(**data)
    if options.output and options.output.endswith(".npz"):
        _replace_file(options.output, lambda file: np.savez(file, **results))
        return
    header, columns = [], []
    for name, result in results.items():
        rows = np.atleast_1d(result)
        rows = rows.reshape(len(rows), -1)  # one for each sample
        columns.append(rows.tolist())
        header += _column_names(model, name, rows.shape[1])
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(header)
    for parts in zip(*columns):
        table.writerow([entry for part in parts for entry in part])
    if options.output:
        content = text.getvalue().encode()
        _replace_file(options.output, lambda file: file.write(content))
    else:
        sys.stdout.write(text.getvalue())


def _column_names(model, name, count):
    """Names for the columns of a result: its targets, its labels or numbers."""
    names = getattr(model, "target_names_", [])
    if name == "probability":
        parts = names
        names = [f"{name}_{part}" for part in parts]
    if len(names) == count:
        return names
    return [name] if count == 1 else [f"{name}_{k}" for k in range(count)]


def _score_command(options):
    """Print how well a model does on the data in a file."""
    model = Model.load(options.model)
    data = _read_data(model, options)
    print(f"loss {model.mean_loss(**data):.6g}")
    print(f"accuracy {model.score(**data):.6g}")
    codes = _codes(_labels(data["t"]), model.classes_)
    picked = _codes(model.predict(data["x"]), model.classes_)
    table = _confusion(codes, picked)
    print(f"f1 {_macro_f1(table):.6g}\n")
    print(*_class_lines(model.classes_.tolist(), table), sep="\n")


def _summary_command(options):
    """Print the arrays of the model, and how much there is to learn and to keep."""
    params = init_params()
    state = init_state(params)
    rows = [("array", "shape", "numbers", "what it is")]
    for what, shapes in (("input", _INPUTS), ("target", _TARGETS)):
        for name, extents in shapes.items():
            shown = ", ".join(map(str, ["samples", *extents]))
            rows.append((name, f"({shown})", "", what))
    for name, array in params.items():
        kind = "parameter" if name in PARAMETERS else "buffer"
        rows.append((name, str(np.shape(array)), str(np.size(array)), kind))
    wide = [max(len(row[k]) for row in rows) for k in range(3)]
    for name, shape, count, kind in rows:
        print(f"{name:<{wide[0]}}  {shape:<{wide[1]}}  {count:>{wide[2]}}  {kind}")
    learned = sum(np.size(params[name]) for name in PARAMETERS)
    kept = [*params.values()]
    kept += [
        a for part in state.values() if isinstance(part, dict) for a in part.values()
    ]
    size = sum(np.asarray(array).nbytes for array in kept)
    print(f"\n{learned} parameters; with the optimiser's state {size} bytes")


class _Parser(argparse.ArgumentParser):
    """A parser whose errors take one line."""

    def error(self, message):
        _tell(_brief(f"{self.prog}: {message}", 400))
        self.exit(2)


def _parser():
    """All that the command line understands."""
    parser = _Parser(description=f"Train and use the model {NAME}.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    train = commands.add_parser("train", help="fit the model and save it")
    train.set_defaults(command=_train_command)
    for name, default in Model().get_params().items():
        kind = int if default is None else type(default)
        if kind is not bool:
            text = f"{_SETTINGS[name]} ({default})"
            train.add_argument("--" + name.replace("_", "-"), type=kind, help=text)
    train.add_argument("-o", "--output", default="model.npz", help="what to save")
    train.add_argument("--checkpoint-every", type=int, help="save every so many epochs")
    train.add_argument("--resume", action="store_true", help="go on with the output")
    train.add_argument("--force", action="store_true", help="replace the output")
    train.add_argument("--quiet", action="store_true", help="show no progress")

    summary = commands.add_parser("summary", help="print shapes and sizes")
    summary.set_defaults(command=_summary_command)

    predict = commands.add_parser("predict", help="write predictions as CSV or .npz")
    predict.set_defaults(command=_predict_command)
    predict.add_argument("--model", default="model.npz", help="what train has saved")
    predict.add_argument("-o", "--output", help="a file instead of standard output")

    score = commands.add_parser("score", help="print how good the predictions are")
    score.set_defaults(command=_score_command)
    score.add_argument("--model", default="model.npz", help="what train has saved")

    for command in [train, predict, score]:
        text = "an .npz file of arrays"
        command.add_argument("data", help=text)
    return parser


def main(arguments=None):
    """Run the command line: 0 when done, 2 when it can't be done, with one line why."""
    if sys.stdout is None:  # closed, which is as good as not read
        sys.stdout = io.StringIO()
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of the output has seen enough
        _abandon_output()
    except KeyboardInterrupt:
        _tell("interrupted")
        return 130
    except (ArithmeticError, MemoryError, OSError, ValueError) as error:
        _tell(_brief(f"{sys.argv[0]}: {_reason(error)}", 400))
        if isinstance(error, OSError) and error.errno and not error.filename:
            _abandon_output()
        return 2
    return 0


def _abandon_output():
    """Let what can't be written any more go nowhere, instead of failing at the end."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        sys.stdout = io.StringIO()


def _reason(error):
    """What went wrong, in one line."""
    text = str(error) or type(error).__name__
    if isinstance(error, FileNotFoundError) and error.filename:
        text = f"there is no file {_brief(error.filename)}"
    elif isinstance(error, OSError) and error.filename:
        text = f"{_brief(error.filename)} can't be read: {error.strerror}"
    return " ".join(text.split())


if __name__ == "__main__":
    sys.exit(main())
