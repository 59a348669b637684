"""Spikes from and to the files and objects of other libraries, one file for each.

Readers return `parts.Spikes`, plain arrays that `bioplastic.analysis.SpikeTrains` sorts and checks;
writers take a `SpikeTrains`. Nothing here executes what it reads.
"""
