package show

import (
	_ "embed"
	"html/template"
	"io"

	"github.com/pqkx/pqkx/bench"
)

//go:embed page.html
var pageSource string

var pageTemplate = template.Must(template.New("page").Parse(pageSource))

// A figure is a chart on the page, in two widths.
type figure struct {
	Title, Caption string
	Narrow, Wide   template.HTML
}

type page struct {
	Report      *bench.Report
	Style       template.CSS
	About       []string
	Conclusions []string
	Figures     []figure
	Tables      []Table
}

// HTML writes a report as one page that needs nothing else.
func HTML(w io.Writer, r *bench.Report) error {
	p := page{Report: r, Style: template.CSS(style(":root")), About: About(r), Conclusions: Conclusions(r), Tables: Tables(r)}
	large := charts(r, wide)
	for i, small := range charts(r, narrow) {
		a, err := small.render(false)
		if err != nil {
			return err
		}
		b, err := large[i].render(false)
		if err != nil {
			return err
		}
		// The pictures are our own: names in them were escaped by the library.
		p.Figures = append(p.Figures, figure{small.title, small.caption, template.HTML(a), template.HTML(b)})
	}
	return pageTemplate.Execute(w, p)
}
