package main

import "github.com/spf13/cobra"

func newServe(s *settings) *cobra.Command { return &cobra.Command{Use: "serve"} }
func newLink(s *settings) *cobra.Command  { return &cobra.Command{Use: "link"} }
