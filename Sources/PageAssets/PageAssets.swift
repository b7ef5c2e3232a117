/// What every page loads, held in the binary: pages of users and of operators look alike.
package enum PageAssets {}
