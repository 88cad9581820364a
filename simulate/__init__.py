"""Truth that we own: simulated specimens, microscope, EPU and data sets."""
