// Renders every template of a JSON list with Go's text/template: what the cases of this folder expect.
//
//	go run main.go < corpus.json > expected.json
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"text/template"
)

type input struct {
	Data  json.RawMessage
	Cases [][]string // template, then options: "error" (missingkey=error), "delims L R"
}

type result struct {
	Output string `json:"output,omitempty"`
	Error  string `json:"error,omitempty"`
}

func main() {
	var in input
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		panic(err)
	}
	results := make([]result, len(in.Cases))
	for i, c := range in.Cases {
		results[i] = render(in.Data, c[0], c[1:])
	}
	fmt.Printf("{\"go\": %q, \"results\": [", runtime.Version())
	for i, r := range results {
		line := bytes.Buffer{}
		out := json.NewEncoder(&line)
		out.SetEscapeHTML(false)
		if err := out.Encode(r); err != nil {
			panic(err)
		}
		if i > 0 {
			fmt.Print(",")
		}
		fmt.Print("\n", strings.TrimSpace(line.String()))
	}
	fmt.Print("\n]}\n")
}

func render(raw json.RawMessage, text string, options []string) (r result) {
	defer func() {
		if p := recover(); p != nil {
			r = result{Error: fmt.Sprint("panic: ", p)}
		}
	}()
	funcs := template.FuncMap{
		"data": func() map[string]interface{} {
			var data map[string]interface{}
			decoder := json.NewDecoder(bytes.NewReader(raw))
			decoder.UseNumber()
			if err := decoder.Decode(&data); err != nil {
				panic(err)
			}
			return data
		},
		"parseInt":   func(s string) (int64, error) { return strconv.ParseInt(s, 10, 64) },
		"parseUint":  func(s string) (uint64, error) { return strconv.ParseUint(s, 10, 64) },
		"parseFloat": func(s string) (float64, error) { return strconv.ParseFloat(s, 64) },
		"parseJSON": func(s string) (v interface{}, err error) {
			err = json.Unmarshal([]byte(s), &v)
			return
		},
		"split": func(sep, s string) ([]string, error) {
			if s = strings.TrimSpace(s); s == "" {
				return []string{}, nil
			}
			return strings.Split(s, sep), nil
		},
		"splitToMap": func(sep1, sep2, s string) (map[string]string, error) {
			m := map[string]string{}
			for _, part := range strings.Split(s, sep1) {
				if k, v, ok := strings.Cut(part, sep2); ok {
					m[k] = v
				}
			}
			return m, nil
		},
		"join":    func(sep string, a []string) (string, error) { return strings.Join(a, sep), nil },
		"toUpper": func(s string) (string, error) { return strings.ToUpper(s), nil },
		"indent":  func(n int, s string) (string, error) { return strings.Repeat(" ", n) + s, nil },
	}
	t := template.New("").Funcs(funcs).Option("missingkey=zero") // as consul-template has it
	for _, option := range options {
		if words := strings.Split(option, "\x00"); len(words) == 2 {
			t = t.Delims(words[0], words[1])
		} else {
			t = t.Option(option)
		}
	}
	t, err := t.Parse(text)
	if err != nil {
		return result{Error: err.Error()}
	}
	var out bytes.Buffer
	if err := t.Execute(&out, nil); err != nil {
		return result{Error: err.Error()}
	}
	return result{Output: out.String()}
}
