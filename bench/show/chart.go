package show

import (
	"bytes"
	"fmt"
	"html"
	"image/color"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// A chart is one picture of a report.
type chart struct {
	name    string // of its file
	title   string
	caption string // what to look at
	width   vg.Length
	height  vg.Length
	build   func(p *plot.Plot, legend *plot.Legend) error
}

// Widths of charts: for a phone, and for a desktop. A point is a pixel.
const (
	narrow vg.Length = 360
	wide   vg.Length = 880
)

// Colours are placeholders that become CSS variables, so that one picture
// serves in light and in dark.
var (
	inkColor  = color.RGBA{1, 1, 0, 255}
	gridColor = color.RGBA{1, 2, 0, 255}
)

// seriesColor is the placeholder of the i-th series.
func seriesColor(i int) color.Color { return color.RGBA{2, uint8(i % len(palette)), 0, 255} }

// palette has the colours of the series, light and dark: Okabe and Ito's, which
// people with any kind of colour vision can tell apart, made lighter or darker for
// contrast with the page.
var palette = []struct{ light, dark string }{
	{"#0072b2", "#56b4e9"}, {"#d55e00", "#ff8c42"}, {"#00875f", "#2fd3a0"},
	{"#a8518a", "#e79bc8"}, {"#8a6d00", "#f0d442"}, {"#555555", "#bbbbbb"},
}

// style is the CSS of a chart's colours, for the selector.
func style(selector string) string {
	light, dark := "--ink:#1c2024;--grid:#d5d9de;", "--ink:#e6e8eb;--grid:#3a4048;"
	for i, c := range palette {
		light += fmt.Sprintf("--s%d:%s;", i, c.light)
		dark += fmt.Sprintf("--s%d:%s;", i, c.dark)
	}
	return selector + "{" + light + "}@media(prefers-color-scheme:dark){" + selector + "{" + dark + "}}"
}

// fontSize of all text.
const fontSize vg.Length = 11

const legendLine = 1.5 * fontSize

// render draws the chart as SVG. Without a title it is for a page that says the
// title itself.
func (c *chart) render(title bool) (string, error) {
	p := plot.New()
	p.BackgroundColor = nil
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Color, axis.Tick.Color = inkColor, inkColor
		lettering(&axis.Label.TextStyle, fontSize)
		lettering(&axis.Tick.Label, fontSize)
	}
	legend := plot.NewLegend()
	legend.Top, legend.Left = true, true
	lettering(&legend.TextStyle, fontSize)
	legend.ThumbnailWidth = 1.6 * fontSize
	legend.Padding = fontSize / 4
	if err := c.build(p, &legend); err != nil {
		return "", fmt.Errorf("show: chart %s: %w", c.name, err)
	}
	top, heading := legendHeight(&legend), vg.Length(0)
	if title {
		heading = 2.5 * fontSize
		top += heading
	}
	canvas := vgsvg.New(c.width, c.height+top)
	all := draw.New(canvas)
	if title {
		t := p.Title.TextStyle
		lettering(&t, 1.3*fontSize)
		t.XAlign, t.YAlign = draw.XLeft, draw.YTop
		all.FillText(t, vg.Point{X: fontSize / 2, Y: all.Max.Y - fontSize/2}, c.title)
	}
	legend.Draw(draw.Crop(all, fontSize/2, 0, 0, -heading-fontSize/4))
	p.Draw(draw.Crop(all, 0, -fontSize, 0, -top))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return "", err
	}
	return c.themed(b.String(), title), nil
}

// lettering sets text in the page's colour and kind of type.
func lettering(t *text.Style, size vg.Length) {
	t.Color, t.Font.Size, t.Font.Variant = inkColor, size, "Sans"
}

// legendHeight is how much room a legend takes, with a gap below.
func legendHeight(l *plot.Legend) vg.Length {
	r := l.Rectangle(draw.New(vgsvg.New(narrow, narrow)))
	if h := r.Max.Y - r.Min.Y; h > 0 {
		return h + legendLine
	}
	return 0
}

var (
	placeholder = regexp.MustCompile(`#0([12])0([0-9])00`)
	opening     = regexp.MustCompile(`(?s)^.*?<svg[^>]*?viewBox="([^"]*)"[^>]*>`)
	fontFamily  = regexp.MustCompile(`font-family:[^;"]*`)
)

// themed makes the colours of an SVG follow the reader's, and its size the
// place where it is shown.
func (c *chart) themed(svg string, standalone bool) string {
	svg = placeholder.ReplaceAllStringFunc(svg, func(s string) string {
		switch {
		case s == "#010100":
			return "var(--ink)"
		case s == "#010200":
			return "var(--grid)"
		}
		return "var(--s" + s[4:5] + ")"
	})
	svg = fontFamily.ReplaceAllString(svg, "font-family:Liberation Sans,Arial,Helvetica,sans-serif")
	svg = lettered.ReplaceAllStringFunc(svg, fixWidth)
	css := ""
	if standalone {
		css = "<style>" + style("svg") + "</style>"
	}
	head := fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="$1" role="img" aria-label="%s"%s>%s`,
		strings.NewReplacer(`"`, "", "<", "", "&", "and", "$", "").Replace(c.title), c.dimensions(standalone), css)
	return opening.ReplaceAllString(svg, head)
}

// lettered is a text with its size and words.
var lettered = regexp.MustCompile(`(?s)<text ([^>]*font-size:([0-9.]+)px[^>]*)>([^<]*)</text>`)

// fixWidth gives a text the width for which it was placed, whatever type the
// reader's machine has in place of ours.
func fixWidth(element string) string {
	m := lettered.FindStringSubmatch(element)
	size, err := strconv.ParseFloat(m[2], 64)
	if err != nil {
		return element
	}
	t := text.Style{Handler: plot.DefaultTextHandler}
	t.Font = plot.DefaultFont
	lettering(&t, vg.Length(size))
	width := t.Width(html.UnescapeString(m[3]))
	return fmt.Sprintf(`<text textLength="%.1f" lengthAdjust="spacingAndGlyphs" %s>%s</text>`, width.Points(), m[1], m[3])
}

// dimensions give a picture that stands alone its natural size.
func (c *chart) dimensions(standalone bool) string {
	if !standalone {
		return ""
	}
	return fmt.Sprintf(` width="%.0f"`, c.width.Points())
}

// A bar is a line of a bar chart: a label and the lengths of its parts.
type bar struct {
	label string
	parts []float64
}

// barHeight is that of a bar with the gap to the next.
const barHeight = 1.55 * fontSize

// bars makes a chart of stacked, horizontal bars, the first on top. A bar that
// ends in » is longer than there is room for.
func bars(name, title, caption, axis string, width vg.Length, parts []string, list []bar, mark float64) *chart {
	if len(list) == 0 {
		return nil
	}
	return &chart{name, title, caption, width, vg.Length(len(list))*barHeight + 5*fontSize, func(p *plot.Plot, legend *plot.Legend) error {
		longest, limit := 0.0, cut(list)
		names := make([]string, len(list))
		var below *plotter.BarChart
		for i, part := range parts {
			values := make(plotter.Values, len(list))
			for j, b := range list {
				before := sum(b.parts[:i])
				values[len(list)-1-j] = max(0, min(b.parts[i], limit-before))
				names[len(list)-1-j] = b.label
				longest = max(longest, min(limit, sum(b.parts)))
			}
			chart, err := plotter.NewBarChart(values, 0.68*barHeight)
			if err != nil {
				return err
			}
			chart.Horizontal, chart.Color, chart.LineStyle.Width = true, seriesColor(i), 0
			if below != nil {
				chart.StackOn(below)
			}
			below = chart
			p.Add(chart)
			if len(parts) > 1 {
				legend.Add(part, chart)
			}
		}
		p.NominalY(names...)
		p.Y.LineStyle.Width, p.Y.Tick.LineStyle.Width = 0, 0
		p.Y.Tick.Length = fontSize / 2 // a gap
		p.Y.Padding = 0
		p.X.Min = 0
		p.X.Max = longest * (1 + 60/width.Points()) // with room for the totals
		p.X.Label.Text = axis
		p.X.Tick.Marker = fewTicks{width}
		totals, err := endLabels(list, limit)
		if err != nil {
			return err
		}
		perPoint := p.X.Max / (width - widest(names) - fontSize).Points()
		stepAside(totals, mark, perPoint)
		p.Add(totals)
		if mark > 0 {
			return addMark(p, mark, len(list))
		}
		return nil
	}}
}

// cut is where bars end that are so long that they would hide the others: at
// three times the median.
func cut(list []bar) float64 {
	var totals []float64
	for _, b := range list {
		totals = append(totals, sum(b.parts))
	}
	slices.Sort(totals)
	return 3 * totals[len(totals)/2]
}

// fewTicks are the default ticks with fewer labels where there is no room.
type fewTicks struct{ width vg.Length }

func (f fewTicks) Ticks(low, high float64) []plot.Tick {
	ticks := plot.DefaultTicks{}.Ticks(low, high)
	labelled := 0
	for i := range ticks {
		if ticks[i].Label == "" {
			continue
		}
		ticks[i].Label = digits(roundTo3(ticks[i].Value))
		if labelled++; f.width < wide/2 && labelled%2 == 0 {
			ticks[i].Label = ""
		}
	}
	return ticks
}

func sum(parts []float64) float64 {
	total := 0.0
	for _, v := range parts {
		total += v
	}
	return total
}

// endLabels write the totals behind the bars.
func endLabels(list []bar, limit float64) (*plotter.Labels, error) {
	var l plotter.XYLabels
	for j, b := range list {
		total := sum(b.parts)
		label := digits(roundTo3(total))
		if total > limit {
			label = "» " + label
		}
		l.XYs = append(l.XYs, plotter.XY{X: min(total, limit), Y: float64(len(list) - 1 - j)})
		l.Labels = append(l.Labels, label)
	}
	labels, err := plotter.NewLabels(l)
	if err != nil {
		return nil, err
	}
	labels.Offset.X = fontSize / 3
	for i := range labels.TextStyle {
		lettering(&labels.TextStyle[i], fontSize)
		labels.TextStyle[i].YAlign = -0.35
	}
	return labels, nil
}

// stepAside moves the labels that a mark would strike through behind it. A point
// is perPoint on the axis.
func stepAside(labels *plotter.Labels, mark, perPoint float64) {
	for i := range labels.XYs {
		from := labels.XYs[i].X
		to := from + (labels.Offset.X+labels.TextStyle[i].Width(labels.Labels[i])).Points()*perPoint
		if from < mark && mark < to {
			labels.XYs[i].X = mark
		}
	}
}

// widest is the width of the widest of the names at a bar chart's left.
func widest(names []string) vg.Length {
	t := text.Style{Font: plot.DefaultFont, Handler: plot.DefaultTextHandler}
	lettering(&t, fontSize)
	var width vg.Length
	for _, name := range names {
		width = max(width, t.Width(name))
	}
	return width
}

// roundTo3 rounds to three digits, but keeps whole numbers.
func roundTo3(v float64) float64 {
	if v == math.Trunc(v) || v == 0 {
		return v
	}
	scale := math.Pow(10, 2-math.Floor(math.Log10(math.Abs(v))))
	return math.Round(v*scale) / scale
}

// addMark draws a dashed line across the bars.
func addMark(p *plot.Plot, at float64, bars int) error {
	line, err := plotter.NewLine(plotter.XYs{{X: at, Y: -0.6}, {X: at, Y: float64(bars) - 0.4}})
	if err != nil {
		return err
	}
	line.Color, line.Width, line.Dashes = inkColor, 1, []vg.Length{4, 3}
	p.Add(line)
	return nil
}

// A curve is a line of a chart of distributions.
type curve struct {
	label   string
	samples []float64 // sorted
	dashed  bool
}

// curves makes a chart of cumulative distributions, with more room for the
// tail the further out it is: every step up is ten times as rare.
func curves(name, title, caption, axis string, width vg.Length, list []curve) *chart {
	return &chart{name, title, caption, width, 260 + 10, func(p *plot.Plot, legend *plot.Legend) error {
		p.Add(newGrid())
		rarest, low, high := 1.0, math.Inf(1), 0.0
		var lines []plot.Plotter
		for i, c := range list {
			line, err := plotter.NewLine(tail(c.samples))
			if err != nil {
				return err
			}
			line.Color, line.Width = seriesColor(i), 1.6
			if c.dashed {
				line.Dashes = []vg.Length{5, 3}
			}
			lines = append(lines, line)
			legend.Add(c.label, line)
			n := len(c.samples)
			rarest = max(rarest, math.Log10(float64(n)))
			low, high = min(low, c.samples[0]), max(high, c.samples[n-1])
		}
		slices.Reverse(lines) // where curves coincide the first is on top
		p.Add(lines...)
		p.X.Label.Text, p.Y.Label.Text = axis, "percentile"
		p.X.Scale = plot.LogScale{}
		p.X.Min, p.X.Max = low*0.97, high*1.05
		p.X.Tick.Marker = plot.TickerFunc(logTicks)
		p.Y.Min, p.Y.Max = 0, rarest*1.03 // so that no curve ends on the edge
		p.Y.Tick.Marker = plot.ConstantTicks(percentiles(rarest))
		return nil
	}}
}

func newGrid() *plotter.Grid {
	g := plotter.NewGrid()
	g.Vertical.Color, g.Horizontal.Color = gridColor, gridColor
	return g
}

// tail gives the steps of a sorted sample: the value, and how rare it is to be
// above it, as a power of ten.
func tail(samples []float64) plotter.XYs {
	n := float64(len(samples))
	var points plotter.XYs
	lastX, lastY := math.Inf(-1), math.Inf(-1)
	for i, v := range samples {
		// What nobody can see is left out: a step of less than a pixel.
		x, y := math.Floor(300*math.Log(v)), math.Floor(150*math.Log10(1-float64(i)/n))
		if x == lastX && y == lastY && i+1 < len(samples) {
			continue
		}
		lastX, lastY = x, y
		points = append(points, plotter.XY{X: v, Y: -math.Log10(1 - float64(i)/n)},
			plotter.XY{X: v, Y: -math.Log10(1 - min(float64(i)+1, n-1)/n)})
	}
	return points
}

func percentiles(rarest float64) []plot.Tick {
	var ticks []plot.Tick
	for _, t := range []struct {
		label string
		q     float64
	}{{"0", 0}, {"50", 0.5}, {"90", 0.9}, {"95", 0.95}, {"99", 0.99}, {"99.9", 0.999}} {
		if at := -math.Log10(1 - t.q); at <= rarest {
			ticks = append(ticks, plot.Tick{Value: at, Label: t.label})
		}
	}
	return ticks
}

// logTicks labels 1, 2 and 5 of each power of ten, and more where the whole
// axis spans less than one.
func logTicks(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	if high/low < 3 {
		return plot.DefaultTicks{}.Ticks(low, high)
	}
	for power := math.Pow(10, math.Floor(math.Log10(low))); power <= high; power *= 10 {
		for _, m := range []float64{1, 2, 5} {
			if v := power * m; v >= low && v <= high {
				ticks = append(ticks, plot.Tick{Value: v, Label: digits(v)})
			}
		}
	}
	return ticks
}
