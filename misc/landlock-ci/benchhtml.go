package main

func (r *benchReport) writeHTML(name string) error { return nil }
