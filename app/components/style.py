"""Looks that the theme cannot say; colours follow the text, so that light and dark both work."""

from __future__ import annotations

from typing import Final

import streamlit as st

_CSS: Final = """
<style>
.stMainBlockContainer {padding: 3.6rem 2.4rem 3rem; max-width: 1560px;}
.st-key-health_strip {margin-bottom: .1rem;}
[class*="st-key-tile_"] {padding: .8rem .95rem .55rem; gap: .3rem; height: 100%;}
[class*="st-key-tile_"] [data-testid="stMetricLabel"] p {font-size: .86rem; font-weight: 500;
  white-space: normal; line-height: 1.2;}
[class*="st-key-tile_"] [data-testid="stMetricDelta"] {font-size: .8rem;}
[class*="st-key-open_"] {margin-top: auto;}
[class*="st-key-open_"] button {padding: 0; min-height: 1.2rem; font-size: .78rem; opacity: .8;}
[class*="st-key-open_"] button p {font-size: .78rem;}
.ot-clock {display: flex; gap: .35rem; align-items: baseline; font-size: .84rem; margin: 0 0 .2rem;}
.ot-clock b {font-weight: 600;}
.ot-spark {display: block; width: 100%; height: 32px; margin: .15rem 0;}
.ot-line {font-size: .79rem; line-height: 1.35; margin-top: .25rem;}
.ot-fine, .ot-clock span {opacity: .62; font-size: .73rem; line-height: 1.35;}
.ot-warn {color: #c96a10; opacity: 1;}
.ot-target b {font-weight: 600;}
.ot-target.good b::before {content: "\\2713\\00a0"; color: #1f78b4;}
.ot-target.late b::before {content: "\\25b2\\00a0"; color: #c96a10;}
.ot-lead {font-size: .9rem; opacity: .75; margin: -.35rem 0 .2rem; max-width: 62rem;}
.ot-table tr.thin td {opacity: .5;}
.ot-table td.thin {opacity: .5;}
.ot-table td.early {background: color-mix(in srgb, #c96a10 11%, transparent);}
.ot-table td.early > a {opacity: .75;}
.ot-table tr.total td {font-weight: 600; border-top: 2px solid
  color-mix(in srgb, currentColor 22%, transparent);}
.ot-table th[title] {text-decoration: underline dotted; text-underline-offset: 3px; cursor: help;}
.ot-table td .ot-sub {display: block; font-size: .7rem; opacity: .62; font-weight: 400;}
.ot-ci {display: block; position: relative; height: 4px; margin-top: 3px; border-radius: 2px;
  min-width: 84px; background: color-mix(in srgb, currentColor 10%, transparent);}
.ot-ci b {position: absolute; top: 0; bottom: 0; border-radius: 2px; background: #2a7fb8;
  opacity: .45;}
.ot-ci u {position: absolute; top: -2px; bottom: -2px; width: 2px; background: #2a7fb8;}
.ot-funnel {display: grid; gap: .55rem; font-size: .86rem;}
.ot-funnel .bar {height: 26px; border-radius: .3rem; background: #2a7fb8; min-width: 2px;}
.ot-funnel .row {display: grid; grid-template-columns: minmax(9rem, 17rem) 1fr; gap: .7rem;
  align-items: center;}
.ot-funnel .lost {font-size: .74rem; opacity: .8;}
.ot-funnel .track {display: flex; align-items: center; gap: .5rem;}
.ot-funnel .track span {font-size: .74rem; opacity: .65; white-space: nowrap;}
.ot-funnel .row.none {opacity: .55;}
.ot-funnel [title] {cursor: help;}
.ot-funnel a {color: inherit; text-decoration: none; border-bottom: 1px dotted currentColor;}
.ot-facts {display: grid; grid-template-columns: repeat(auto-fill, minmax(125px, 1fr));
  gap: .5rem .8rem; font-size: .86rem; margin: .1rem 0 .3rem;}
.ot-facts.wide {grid-template-columns: repeat(auto-fill, minmax(220px, 1fr));}
.ot-facts div span {display: block; opacity: .62; font-size: .74rem;}
.ot-scroll {overflow-x: auto; border: 1px solid color-mix(in srgb, currentColor 14%, transparent);
  border-radius: .5rem;}
.ot-table {border-collapse: collapse; width: 100%; font-size: .82rem;
  font-variant-numeric: tabular-nums;}
.ot-table th {text-align: left; font-weight: 600; opacity: .7; white-space: nowrap;}
.ot-table th, .ot-table td {padding: .34rem .6rem; vertical-align: top;
  border-bottom: 1px solid color-mix(in srgb, currentColor 9%, transparent);}
.ot-table tr:last-child td {border-bottom: 0;}
.ot-table th.num, .ot-table .num {text-align: right; white-space: nowrap;}
.ot-table a {color: #2a7fb8; text-decoration: none; font-weight: 600;}
.ot-table a:hover {text-decoration: underline;}
.ot-table .nowrap {white-space: nowrap;}
.ot-table tr.fail td:first-child {box-shadow: inset 3px 0 #cf4436;}
.ot-table tr.warn td:first-child {box-shadow: inset 3px 0 #c96a10;}
.ot-table tr.good td:first-child {box-shadow: inset 3px 0 #0c9752;}
.ot-chat {display: flex; flex-direction: column; gap: .3rem; font-size: .88rem;}
.ot-day {align-self: center; font-size: .72rem; opacity: .6; margin: .5rem 0 .1rem;}
.ot-msg {max-width: 82%; padding: .42rem .7rem .3rem; border-radius: .8rem; align-self: flex-start;
  background: color-mix(in srgb, currentColor 7%, transparent); border-bottom-left-radius: .2rem;
  overflow-wrap: anywhere; white-space: pre-wrap;}
.ot-msg.ours {align-self: flex-end; border-radius: .8rem; border-bottom-right-radius: .2rem;
  background: color-mix(in srgb, #1f78b4 17%, transparent);}
.ot-msg.bot, .ot-msg.auto_reply, .ot-msg.broadcast {
  background: transparent; border: 1px dashed color-mix(in srgb, currentColor 35%, transparent);}
.ot-msg.unknown {border: 1px dotted #c96a10; align-self: center;}
.ot-msg.waiting {box-shadow: 0 0 0 2px #c96a10;}
.ot-msg.answer {box-shadow: 0 0 0 2px #0c9752;}
.ot-head {font-size: .72rem; opacity: .66; margin-bottom: .1rem; white-space: normal;}
.ot-mark {align-self: flex-start; font-size: .76rem; font-weight: 600; color: #c96a10;}
.ot-mark.ours {align-self: flex-end; color: #0c9752; text-align: right;}
.ot-note {align-self: flex-end; font-size: .71rem; opacity: .6;}
.ot-step {align-self: center; text-align: center; font-size: .8rem; padding: .25rem .7rem;
  margin: .15rem 0; border-radius: .5rem; border-left: 3px solid #7a8794;
  background: color-mix(in srgb, currentColor 6%, transparent);}
.ot-step b {font-weight: 600;}
.ot-step span {opacity: .65; font-size: .72rem;}
.ot-step a {color: #2a7fb8; text-decoration: none; font-weight: 600;}
.ot-step.chat {border-left-color: #2a7fb8; background: transparent; padding: .1rem .7rem;}
.ot-step.won, .ot-step.money {border-left-color: #0c9752;}
.ot-step.lost, .ot-step.back {border-left-color: #c96a10;}
.ot-end {align-self: center; text-align: center; font-size: .78rem; opacity: .75; margin-top: .6rem;
  padding-top: .5rem; border-top: 1px solid color-mix(in srgb, currentColor 18%, transparent);}
.ot-clocks {display: grid; grid-template-columns: 1fr 1fr; gap: .6rem; margin: .2rem 0 .5rem;}
.ot-clocks > div {border: 1px solid color-mix(in srgb, currentColor 14%, transparent);
  border-radius: .5rem; padding: .5rem .7rem;}
.ot-clocks span {font-size: .74rem; opacity: .62; display: block;}
.ot-clocks b {font-size: 1.15rem; font-weight: 600; margin-right: .4rem;}
@media (max-width: 640px) {
  .stMainBlockContainer {padding-left: 1rem; padding-right: 1rem;}
  .ot-msg {max-width: 92%;}
  .ot-funnel .row {grid-template-columns: 1fr;  gap: .2rem;}
}
</style>
"""


def apply_style() -> None:
    """Add the style sheet to the page."""
    st.html(_CSS)
