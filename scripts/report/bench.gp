# SPDX-License-Identifier: GPL-2.0-only
#
# gnuplot -e 'unit="ns"; data="FILE"' bench.gp: a bar for each row of one table of bench.awk's,
# with its quartiles, as SVG on standard output. Rows of the table are "plot" lines.
set terminal svg size 640, 44 + 22 * rows noenhanced background "#ffffff" font "sans-serif,12"
set style fill solid 0.6 noborder
set yrange [rows - 0.4 : -0.6]
set xrange [0 : *]
set xlabel unit
set lmargin 30
unset key
set border 1
set xtics nomirror
set ytics nomirror scale 0
plot data using (0):0:(0):3:($0 - 0.35):($0 + 0.35):ytic(1) with boxxyerror lc rgb "#3b78b5", \
	data using 3:0:2:4 with xerrorbars pt 0 lc rgb "#666666"
