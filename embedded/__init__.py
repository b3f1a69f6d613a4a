"""The platform on one machine: its processes supervised (``jml up``), and the sample HR feed played through it."""
