// Package bucket lists and reads the objects of buckets at S3, Google Cloud Storage and Azure, and of folders. Which
// buckets those may be is the operator's word: an address that somebody gives names one of them and brings no options.
package bucket
